"""The outbox: everything that goes out to a person is a row here before it leaves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint, Customer
from compliance.models import Channel, ContactDecision, Purpose
from reminders.channels.print_folders import NAME
from reminders.models.letters import InBatch


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    CLAIMED = "claimed", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    WITHHELD = "withheld", _("Withheld")
    REVIEW = "review", _("To be looked at")
    CANCELLED = "cancelled", _("Cancelled")


# Withheld by no rule of the gate: what it was about was paid, put on hold or done.
NOTHING_LEFT = "nothing-left"

# Sent again after a crash these would reach the person twice, and nobody could tell: once handed over, never blindly again.
AT_MOST_ONCE = frozenset({Channel.SMS.value, Channel.LETTER.value})


class MessageKind(models.TextChoices):
    """What a message is about; it goes only while that still holds."""

    PRE_DUE = "pre-due", _("Before the due date")
    OVERDUE = "overdue", _("Overdue")
    PROMISE = "promise", _("Promise to pay")
    NOTICE = "notice", _("Notice required by law")
    SIGNING = "signing", _("Code to sign with")


class Delivery(models.TextChoices):
    """What became of it after the provider took it, as the provider's receipts tell."""

    UNKNOWN = "", _("Not known")
    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Not delivered")
    BOUNCED = "bounced", _("Bounced")
    COMPLAINED = "complained", _("Complained about")


class Message(models.Model):
    """One message to one person. It carries the gate's allowing decision, or it cannot exist.

    `key` makes queueing idempotent; `header_id` is the Message-ID, the same at every attempt, so that a message sent
    twice after a crash is recognised as one. `subject` and `body` are what was really sent, kept as proof; of a channel that
    sends at most once they are kept as it is given to the provider. `handed_at`: of such a channel, when it was last given to
    the provider without an answer yet. `personal`: where in `subject`
    and `body` something personal was put (of each a list of [start, end]); none known of what was sent before this was kept.
    `held_by`: the rule of the gate by which it was withheld, or had to wait last; `NOTHING_LEFT` where what it was about no
    longer held as it went.
    `secret`: what of the text only the person may read (`reminders.sealing`). It is encrypted, gone once the message has left or
    ended (CHECK), and stands as stars in `subject` and `body`.
    """

    key = models.CharField(_("key"), max_length=100)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="messages", verbose_name=_("customer"))
    contact_point = models.ForeignKey(
        ContactPoint, models.PROTECT, db_index=False, related_name="+", verbose_name=_("contact point")
    )
    decision = models.ForeignKey(
        ContactDecision, models.PROTECT, db_index=False, related_name="+", verbose_name=_("decision")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    kind = models.CharField(
        _("kind"), max_length=10, choices=MessageKind, default=MessageKind.OVERDUE, db_default=MessageKind.OVERDUE
    )
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
    handed_at = models.DateTimeField(_("given to the provider at"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    provider = models.CharField(_("provider"), max_length=20, blank=True, db_default="")
    provider_id = models.CharField(_("the provider's number"), max_length=120, blank=True, db_default="")
    parts = models.PositiveSmallIntegerField(_("parts"), default=0, db_default=0)
    cost = models.DecimalField(_("cost"), max_digits=10, decimal_places=4, null=True, blank=True)
    cost_currency = models.CharField(_("currency of the cost"), max_length=3, blank=True, db_default="")
    delivery = models.CharField(_("delivery"), max_length=12, choices=Delivery, blank=True, db_default="")
    delivery_at = models.DateTimeField(_("delivery told at"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), blank=True)
    personal = models.JSONField(_("what of it is personal"), null=True, blank=True, editable=False)
    secret = models.BinaryField(null=True, blank=True, editable=False)
    held_by = models.CharField(_("held back by the rule"), max_length=40, blank=True, db_default="")
    error = models.CharField(_("error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        permissions = [
            ("review_message", _("Can decide on messages of which nobody knows whether they went")),
            ("export_message", _("Can take messages away as a file")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="message_key_once"),
            models.CheckConstraint(
                condition=Q(secret__isnull=True) | Q(status__in=["queued", "claimed"]),
                name="message_secret_until_it_left",
            ),
        ]
        indexes = [
            models.Index(
                fields=["channel", "send_after", "id"],
                name="message_to_send",
                condition=Q(status__in=["queued", "claimed"]),
            ),
            # What workers hold, of each channel: few, among all that waits.
            models.Index(fields=["channel", "claim"], name="message_claimed", condition=Q(status="claimed")),
            models.Index(fields=["id"], name="message_to_look_at", condition=Q(status="review")),
            # What the law wanted told and was not, for strategies to try again.
            models.Index(fields=["id"], name="message_notice_withheld", condition=Q(status="withheld", kind="notice")),
            # Receipts of mail, and of providers that give back our own key, name it so.
            models.Index(fields=["header_id"], name="message_by_header"),
            models.Index(fields=["provider", "provider_id"], name="message_by_provider", condition=~Q(provider_id="")),
            models.Index(InBatch(), name="message_by_print_batch", condition=Q(channel="letter") & ~Q(provider_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.key}"

    @property
    def accounts(self) -> list[int]:
        """The keys of the accounts that it is about."""
        return [account["id"] for account in self.context["accounts"]]

    @property
    def debt(self) -> int | None:
        """The one debt that it is about; none named where there are several, of which some may be on hold."""
        accounts = self.accounts
        return accounts[0] if len(accounts) == 1 else None

    @property
    def print_batch(self) -> str:
        """The print batch in which a letter is; blank for what is in none of ours."""
        name = self.provider_id.partition("/")[0]
        is_there = self.channel == Channel.LETTER and self.status == MessageStatus.SENT and NAME.fullmatch(name)
        return name if is_there else ""
