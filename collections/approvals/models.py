"""Four eyes: what somebody asked for, what it would do, and what somebody else decided."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from approvals import kinds
from runs.models import JobRun


class RequestStatus(models.TextChoices):
    PENDING = "pending", _("Waiting for a decision")
    CHANGES = "changes", _("Sent back for changes")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


# What may still be decided; from everything else no way leads on (trigger).
OPEN = (RequestStatus.PENDING, RequestStatus.CHANGES)


class Request(models.Model):
    """One thing asked for. Its kind (`approvals.kinds`) says who asks, who decides, and what is done when it is approved.

    `payload` is what the kind needs to do it, `preview` what the decider was shown that it would do: codes, keys and
    amounts, never a person's name, number or address. The subject is kept by kind, key and reference, as in the audit.
    """

    kind = models.CharField(_("kind"), max_length=40)
    status = models.CharField(_("state"), max_length=10, choices=RequestStatus, default=RequestStatus.PENDING)
    subject_type = models.CharField(_("subject"), max_length=60)
    subject_id = models.BigIntegerField(_("subject's key"))
    subject_ref = models.CharField(_("subject's reference"), max_length=100)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name=_("customer")
    )
    # Blank beside an amount in days or another unit, as with the authority limits.
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    payload = models.JSONField(_("payload"), encoder=DjangoJSONEncoder)
    preview = models.JSONField(_("preview"), encoder=DjangoJSONEncoder)
    reason = models.TextField(_("reason"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("asked by")
    )
    requested_by_name = models.CharField(_("asked by"), max_length=150)
    requested_at = models.DateTimeField(_("asked at"))
    # Who decided last: also who sent it back, until it is asked again.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    # Whose authority it was where a deputy decided.
    decided_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("decided for"),
    )
    decided_for_name = models.CharField(_("decided for"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    expires_at = models.DateTimeField(_("expires at"))
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("request for approval")
        verbose_name_plural = _("requests for approval")
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="request_decided_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["changes", "approved", "rejected"])
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="request_decided_by_somebody",
            ),
            # Nobody's own authority decides what she asked for, through a deputy neither.
            models.CheckConstraint(
                condition=Q(decided_for__isnull=True)
                | Q(decided_by__isnull=False) & ~Q(decided_for=F("requested_by")) & ~Q(decided_for=F("decided_by")),
                name="request_decided_for_another",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="request_amount_not_negative"
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id"],
                name="request_one_open_per_subject",
                condition=Q(status__in=["pending", "changes"]),
            ),
        ]
        indexes = [
            # The inbox, the most urgent first, and what has expired.
            models.Index(
                fields=["expires_at", "id"],
                name="request_open_by_expiry",
                condition=Q(status__in=["pending", "changes"]),
            ),
            models.Index(fields=["requested_by", "id"], name="request_by_author"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def in_days(self) -> bool:
        """Whether `amount` is a number of days."""
        return kinds.is_in_days(self.kind)

    @property
    def days(self) -> int | None:
        """How many days it is about; None where it is about money, or neither."""
        return int(self.amount) if self.amount is not None and self.in_days else None


class Unread(models.Model):
    """The end of a request, as long as its author has not looked at it. What was sent back needs no row: it waits for her
    until she asks again."""

    request = models.OneToOneField(Request, models.CASCADE, primary_key=True, related_name="unread")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("asked by"))

    class Meta:
        verbose_name = _("request that came back")
        verbose_name_plural = _("requests that came back")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.request)


class Attachment(models.Model):
    """A document that belongs to a request: added by its author while it is open, never changed nor removed (trigger)."""

    request = models.ForeignKey(Request, models.PROTECT, related_name="attachments", verbose_name=_("request"))
    file = models.FileField(_("file"), upload_to="approvals/%Y/%m/")
    name = models.CharField(_("name"), max_length=120, blank=True)
    media_type = models.CharField(_("media type"), max_length=40)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    added_at = models.DateTimeField(_("added at"))
    added_by_name = models.CharField(_("added by"), max_length=150)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["request", "sha256"], name="attachment_once_per_request"),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class Delegation(models.Model):
    """Who stands in for whom while somebody is away: `deputy` decides what `delegator` may decide, from day to day
    inclusive. Written once; ending it early is the only change (trigger)."""

    delegator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who is away")
    )
    delegator_name = models.CharField(_("who is away"), max_length=150)
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("who stands in")
    )
    deputy_name = models.CharField(_("who stands in"), max_length=150)
    # Codes of kinds; none: all that the delegator decides.
    kinds = ArrayField(models.CharField(max_length=40), verbose_name=_("kinds"), default=list, blank=True)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=300)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by_name = models.CharField(_("recorded by"), max_length=150)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    ended_by_name = models.CharField(_("ended by"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        ordering = ["-id"]
        default_permissions = ("view", "add", "change")
        permissions = [("stand_in", _("May stand in for somebody who decides"))]
        constraints = [
            models.CheckConstraint(condition=~Q(delegator=F("deputy")), name="delegation_to_another"),
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="delegation_days_in_order"),
        ]
        indexes = [
            # For whom somebody decides today: asked with every list of requests.
            models.Index(fields=["deputy", "ends_on"], name="delegation_of_deputy", condition=Q(ended_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class BulkVerb(models.TextChoices):
    APPROVE = "approve", _("Approve")
    SEND_BACK = "send-back", _("Send back")
    REJECT = "reject", _("Reject")


class Bulk(models.Model):
    """Several requests that somebody decides with one press: each is checked and decided alone, by a job."""

    run = models.ForeignKey(JobRun, models.PROTECT, null=True, db_index=False, related_name="+", verbose_name=_("job"))
    verb = models.CharField(_("decision"), max_length=10, choices=BulkVerb)
    comment = models.TextField(_("comment"), blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("decided by"))
    # In which the job speaks, for what cannot be told again in another (`runs.said`).
    language = models.CharField(max_length=10)
    asked_at = models.DateTimeField(_("asked at"))

    class Meta:
        verbose_name = _("bulk decision")
        verbose_name_plural = _("bulk decisions")
        default_permissions = ()

    def __str__(self) -> str:
        return f"#{self.pk}"


class BulkOutcome(models.TextChoices):
    PENDING = "pending", _("Not decided yet")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class BulkItem(models.Model):
    """One request of a bulk decision, as its decider saw it, and what came of it."""

    bulk = models.ForeignKey(Bulk, models.CASCADE, db_index=False, related_name="items")
    request = models.ForeignKey(Request, models.PROTECT, db_index=False, related_name="+")
    seen_version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=BulkOutcome, default=BulkOutcome.PENDING)
    why = models.TextField(blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["bulk", "request"], name="bulk_item_once")]

    def __str__(self) -> str:
        return f"{self.bulk} {self.request}"
