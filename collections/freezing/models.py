"""What the core system is told about an account's credit line: block it, free it. And when a policy confirms by itself."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from approvals.models import Request


class CommandVerb(models.TextChoices):
    FREEZE = "freeze", _("Freeze")
    UNFREEZE = "unfreeze", _("Unfreeze")


class CommandStatus(models.TextChoices):
    ASKED = "asked", _("Asked")
    SENT = "sent", _("Sent, not confirmed yet")
    CONFIRMED = "confirmed", _("Confirmed")
    REFUSED = "refused", _("Refused by the core system")


# What is still to be sent, or asked after.
OPEN = (CommandStatus.ASKED, CommandStatus.SENT)


class CoreCommand(models.Model):
    """One command about one account. The account's status follows when the core system confirms, not before.

    `key` is the same at every attempt: the core system does it once, however often it is told. `due_at` is when it is told
    next; a claim moves it on before anything is sent, so that a worker that dies leaves it to the next. What was answered
    stays (trigger).
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="core_commands", verbose_name=_("account"))
    verb = models.CharField(_("command"), max_length=10, choices=CommandVerb)
    status = models.CharField(_("state"), max_length=10, choices=CommandStatus, default=CommandStatus.ASKED)
    key = models.UUIDField(_("key"), unique=True, default=uuid.uuid4, editable=False)
    reason = models.CharField(_("reason"), max_length=300)
    # The request by which it was approved; none where the policy confirmed by itself.
    request = models.ForeignKey(
        Request, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by request")
    )
    asked_by_name = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField(_("asked at"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"))
    sent_at = models.DateTimeField(_("first taken at"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    # A code of the core system, or why the last attempt came to nothing.
    answer = models.CharField(_("answer"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("command to the core system")
        verbose_name_plural = _("commands to the core system")
        ordering = ["-id"]
        default_permissions = ("add", "view")
        permissions = [("decide_corecommand", _("Can decide about freezing and unfreezing"))]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], name="core_command_one_open", condition=Q(status__in=["asked", "sent"])
            ),
            models.CheckConstraint(
                condition=Q(status__in=["asked", "sent"], answered_at__isnull=True)
                | Q(status__in=["confirmed", "refused"], answered_at__isnull=False),
                name="core_command_answered",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="core_command_due", condition=Q(status__in=["asked", "sent"])),
            models.Index(fields=["account", "-id"], name="core_command_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.account_id}"


class FreezePolicy(models.Model):
    """What is done about proposals and cures from a date on, without asking anybody or after another person's decision."""

    effective_from = models.DateField(_("in force from"), unique=True)
    freezes = models.BooleanField(
        _("freezes by itself"), default=False, help_text=_("What a strategy proposes, from the days past due below on")
    )
    days_late = models.PositiveSmallIntegerField(_("from day past due"), default=91)
    whole_customer = models.BooleanField(
        _("the whole customer"), default=False, help_text=_("All active accounts of the person, not the late one alone")
    )
    unfreezes = models.BooleanField(
        _("unfreezes by itself"), default=False, help_text=_("What is cured, if its check passes")
    )
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("policy of freezing")
        verbose_name_plural = _("policies of freezing")
        ordering = ["-effective_from"]
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return str(self.effective_from)
