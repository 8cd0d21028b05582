"""The one gate that every contact passes: its dated rules, and each of its decisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, ContactPoint, Customer


class Channel(models.TextChoices):
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("App push")
    VOICE = "voice", _("Call")
    LETTER = "letter", _("Letter")
    CHAT = "chat", _("Chat")
    VISIT = "visit", _("Visit")


class Purpose(models.TextChoices):
    REMINDER = "reminder", _("Reminder")
    COLLECTION = "collection", _("Collection")
    LOCATE = "locate", _("Asking how to reach the debtor")
    NOTICE = "notice", _("Notice required by law")
    SIGNING = "signing", _("Signing an agreement")
    INBOUND = "inbound", _("The person came to us")


class ContactRule(models.Model):
    """One rule of a pack, in force from a date on. `parameters` are its thresholds; what they mean is in `rules`."""

    pack = models.CharField(_("pack"), max_length=20, default="cn")
    code = models.CharField(_("rule"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    effective_from = models.DateField(_("in force from"))
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("contact rule")
        verbose_name_plural = _("contact rules")
        ordering = ["pack", "code", "effective_from"]
        constraints = [
            models.UniqueConstraint(fields=["pack", "code", "version"], name="contact_rule_version_once"),
            models.UniqueConstraint(fields=["pack", "code", "effective_from"], name="contact_rule_once_per_date"),
        ]

    def __str__(self) -> str:
        return f"{self.pack}/{self.code} v{self.version}"


class ContactDecision(models.Model):
    """May this person be contacted, here, so, for this, at that moment? The answer, allowed or refused, and why.

    Append-only (trigger). A message or a contact attempt cannot be saved without the id of an allowing decision. An
    allowing one takes up its place under the caps until `reserved_until`, unless a contact used it (the contact then
    counts) or another decision `replaces` it.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="contact_decisions", verbose_name=_("customer"))
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
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    at = models.DateTimeField(_("for the moment"))
    decided_at = models.DateTimeField(_("decided at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("asked by"),
    )
    actor_name = models.CharField(_("decided for"), max_length=150)
    allowed = models.BooleanField(_("allowed"))
    pack = models.CharField(_("pack"), max_length=20, default="cn", db_default="cn")
    rule = models.CharField(_("rule"), max_length=40, help_text=_("The rule that refused, or the last that allowed"))
    rule_version = models.PositiveSmallIntegerField(_("rule version"))
    next_allowed_at = models.DateTimeField(_("allowed again at"), null=True, blank=True)
    reserved_until = models.DateTimeField(_("reserved until"), null=True, blank=True)
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("replaces")
    )

    class Meta:
        verbose_name = _("contact decision")
        verbose_name_plural = _("contact decisions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["replaces"], name="decision_replaced", condition=Q(replaces__isnull=False)),
            # Today's refusals, for the board: of those that a person asked for, as the batches' are counted elsewhere.
            models.Index(
                fields=["decided_at", "actor", "rule"],
                name="decision_refused",
                condition=Q(allowed=False, actor__isnull=False),
            ),
            models.Index(
                fields=["customer", "reserved_until"],
                name="decision_holding_a_place",
                condition=Q(allowed=True, reserved_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        decided = _("allowed") if self.allowed else _("refused")
        return f"{self.get_channel_display()}: {decided} ({self.rule} v{self.rule_version})"
