"""What providers tell about messages after they took them, and what people answer."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import vault
from accounts.models import ContactPoint, Customer
from compliance.models import Channel
from reminders.models.outbox import Message
from reminders.models.templates import WordList


class ReceiptKind(models.TextChoices):
    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Not delivered")
    BOUNCED = "bounced", _("Bounced for good: nobody is there")
    COMPLAINED = "complained", _("Complained about")
    OPTED_OUT = "opted-out", _("Opted out")
    REPLIED = "replied", _("Replied")


class ReceiptState(models.TextChoices):
    APPLIED = "applied", _("Applied")
    REVIEW = "review", _("To be looked at")
    DISMISSED = "dismissed", _("Dismissed")


# Clocks of providers are as right as that.
CLOCKS_DIFFER = timedelta(minutes=1)


class Receipt(models.Model):
    """One thing that a provider told once, by its own number `event_id`: told again, it changes nothing.

    `message_ref` is the message as the provider names it; `message` ours, once known. What a person wrote, and from where,
    is encrypted. One that nobody can place waits for a person.
    """

    provider = models.CharField(_("provider"), max_length=20)
    event_id = models.CharField(_("the provider's number"), max_length=250)
    kind = models.CharField(_("kind"), max_length=12, choices=ReceiptKind)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("received at"))
    message_ref = models.CharField(_("message as the provider names it"), max_length=120, blank=True)
    message_key = models.CharField(_("our key of the message"), max_length=120, blank=True)
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, related_name="receipts", verbose_name=_("message")
    )
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("customer")
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
    state = models.CharField(_("state"), max_length=10, choices=ReceiptState)
    detail = models.CharField(_("the provider's code"), max_length=60, blank=True)
    text_cipher = models.BinaryField(null=True, editable=False)
    address_cipher = models.BinaryField(null=True, editable=False)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by_name = models.CharField(_("decided by"), max_length=150, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("review_receipt", _("Can decide on receipts of which nobody knows what they are about"))]
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="receipt_once"),
            models.CheckConstraint(
                condition=~Q(state="dismissed") | (Q(decided_at__isnull=False) & ~Q(reason="")),
                name="receipt_dismissed_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["id"], name="receipt_to_look_at", condition=Q(state="review"))]

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"

    @property
    def text(self) -> str:
        """What the person wrote, in clear."""
        return vault.decrypt(bytes(self.text_cipher)) if self.text_cipher else ""

    @property
    def is_before_sending(self) -> bool:
        """Whether it is dated before its message went (by more than clocks differ): the provider's clock is wrong, or it is about
        another message. It is kept, and shown as such."""
        sent_at = self.message.sent_at if self.message else None
        return self.kind != ReceiptKind.REPLIED and sent_at is not None and self.at < sent_at - CLOCKS_DIFFER

    @property
    def masked_address(self) -> str:
        """Where it came from, as staff may see it."""
        if not self.address_cipher:
            return ""
        kind = "email" if self.channel == Channel.EMAIL else "mobile"
        return vault.mask_contact(kind, vault.decrypt(bytes(self.address_cipher)))


class OptOutWords(WordList):
    """Answers that opt a person out, each as the whole answer, from a date on."""

    class Meta(WordList.Meta):
        verbose_name = _("words of opting out")
        verbose_name_plural = _("words of opting out")
        constraints = [
            models.UniqueConstraint(fields=["language", "effective_from"], name="opt_out_words_once_per_date")
        ]
