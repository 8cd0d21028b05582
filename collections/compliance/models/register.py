"""The register of contacts, which the gate counts, and their recordings."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, ContactPoint, Customer
from compliance.models.gate import Channel, ContactDecision
from compliance.outcomes import REPORTS


class Direction(models.TextChoices):
    OUTBOUND = "outbound", _("Outbound")
    INBOUND = "inbound", _("Inbound")


class MadeBy(models.TextChoices):
    STAFF = "staff", _("Staff")
    BATCH = "batch", _("Batch")
    AGENCY = "agency", _("Agency")


class Outcome(models.TextChoices):
    """What came of a contact. Which of them count as a conversation, and which as unanswered, is in `rules`."""

    NO_ANSWER = "no-answer", _("No answer")
    BUSY = "busy", _("Busy")
    SWITCHED_OFF = "switched-off", _("Switched off")
    VOICEMAIL = "voicemail", _("Voicemail")
    INVALID_NUMBER = "invalid-number", _("Number not in service")
    WRONG_NUMBER = "wrong-number", _("Wrong number")
    RIGHT_PARTY = "right-party", _("Right party")
    CALL_BACK = "call-back", _("Asks to be called back")
    PROMISE = "promise", _("Promise")
    REFUSED = "refused", _("Refuses to pay")
    DISPUTE = "dispute", _("Dispute")
    HARDSHIP = "hardship", _("Hardship")
    ALREADY_PAID = "already-paid", _("Says it is paid")
    THIRD_PERSON = "third-person", _("Third person")
    THIRD_PERSON_REFUSED = "third-person-refused", _("Third person refuses")
    REPRESENTED = "represented", _("Names a lawyer")
    DECEASED = "deceased", _("Told of the death")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Not delivered")
    NOT_MADE = "not-made", _("Not made")


class Contact(models.Model):
    """One contact or attempt, by staff, batch or agency, out or in. Append-only (trigger).

    A wrong entry is put right by another that `corrects` it. For the caps both count, so that no correction frees a place,
    unless the later one `overrules` the earlier: somebody else with the permission answers for it.
    `not-made` gives a reservation back: the call was not placed.
    """

    customer = models.ForeignKey(
        Customer, models.PROTECT, db_index=False, related_name="contacts", verbose_name=_("customer")
    )
    contact_point = models.ForeignKey(
        ContactPoint,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("contact point"),
    )
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("debt")
    )
    decision = models.ForeignKey(ContactDecision, models.PROTECT, related_name="contacts", verbose_name=_("decision"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    direction = models.CharField(_("direction"), max_length=10, choices=Direction, default=Direction.OUTBOUND)
    made_by = models.CharField(_("made by"), max_length=10, choices=MadeBy, default=MadeBy.STAFF)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome)
    at = models.DateTimeField(_("at"))
    seconds = models.PositiveIntegerField(_("seconds"), null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("user"),
    )
    actor_name = models.CharField(_("by"), max_length=150)
    note = models.TextField(_("note"), blank=True)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by", verbose_name=_("corrects")
    )
    overrules = models.BooleanField(_("overrules what it corrects"), default=False, db_default=False)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], name="contact_decision_used_once", condition=Q(corrects__isnull=True)
            )
        ]
        indexes = [
            models.Index(fields=["customer", "at"], name="contact_by_customer"),
            models.Index(fields=["actor", "at"], name="contact_by_actor", condition=Q(actor__isnull=False)),
            # Who was said to be dead or represented: the gate asks of everybody.
            models.Index(fields=["customer"], name="contact_that_reports", condition=Q(outcome__in=REPORTS)),
        ]
        permissions = [("correct_contact", _("Can correct contacts that others entered"))]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_outcome_display()}"


class Recording(models.Model):
    """The sound of a contact: a file kept here or a link to where it is. Kept to `keep_until`, longer under legal hold."""

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="recordings", verbose_name=_("contact"))
    file = models.FileField(_("file"), upload_to="recordings/%Y/%m/", blank=True)
    link = models.URLField(_("link"), blank=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    media_type = models.CharField(_("media type"), max_length=40, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    added_at = models.DateTimeField(_("added at"))
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="recordings_added",
        verbose_name=_("attached by"),
    )
    added_by_name = models.CharField(_("added by"), max_length=150)
    keep_until = models.DateField(_("kept until"))
    legal_hold = models.BooleanField(_("legal hold"), default=False)
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(file="") ^ Q(link=""), name="recording_is_file_or_link"),
        ]
        indexes = [
            models.Index(
                fields=["keep_until"],
                name="recording_to_remove",
                condition=Q(removed_at__isnull=True, legal_hold=False),
            )
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"
