"""The outbox: everything that goes out to a person is a row here before it leaves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint, Customer
from compliance.models import Channel, ContactDecision, Purpose


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    CLAIMED = "claimed", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    WITHHELD = "withheld", _("Withheld")


class Message(models.Model):
    """One message to one person. It carries the gate's allowing decision, or it cannot exist.

    `key` makes queueing idempotent; `header_id` is the Message-ID, the same at every attempt, so that a message sent
    twice after a crash is recognised as one. `subject` and `body` are what was really sent, kept as proof.
    """

    key = models.CharField(_("key"), max_length=100, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="messages", verbose_name=_("customer"))
    contact_point = models.ForeignKey(
        ContactPoint, models.PROTECT, db_index=False, related_name="+", verbose_name=_("contact point")
    )
    decision = models.ForeignKey(
        ContactDecision, models.PROTECT, db_index=False, related_name="+", verbose_name=_("decision")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    template = models.CharField(_("template"), max_length=60)
    template_version = models.PositiveSmallIntegerField(_("template version"), default=1)
    language = models.CharField(_("language"), max_length=10)
    context = models.JSONField(_("what it tells"), default=dict)
    business_day = models.DateField(_("business day"))
    status = models.CharField(_("status"), max_length=10, choices=MessageStatus, default=MessageStatus.QUEUED)
    send_after = models.DateTimeField(_("not before"))
    header_id = models.CharField(_("Message-ID"), max_length=120)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["send_after", "id"], name="message_to_send", condition=Q(status__in=["queued", "claimed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.key}"
