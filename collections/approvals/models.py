"""Four eyes: what somebody asked for, what it would do, and what somebody else decided."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer


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
