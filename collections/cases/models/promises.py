"""A debtor's promise to pay, and what became of it. It is judged by the ledger and never changes how late an account is."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from accounts.models.book import MoneyField
from cases.models.case import Case
from compliance.models import Contact


class PromiseStatus(models.TextChoices):
    OPEN = "open", _("Open")
    KEPT = "kept", _("Kept")
    PARTLY = "partly", _("Partly kept")
    BROKEN = "broken", _("Broken")
    CANCELLED = "cancelled", _("Cancelled")


class Promise(models.Model):
    """A promise to pay `amount` by instalments (one or more). `account` none: on whatever of the customer's debts.

    `status` and `got` (what counts towards it of the money that took effect from `made_on` on) are a cache of
    `rules.promises.judge`, judged anew whenever money arrives or is taken back, and on the day after each due date.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="promises", verbose_name=_("case"))
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("debt")
    )
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="promises", verbose_name=_("made in the contact")
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = MoneyField(_("amount"))
    made_on = models.DateField(_("made on"))
    made_at = models.DateTimeField(_("recorded at"))
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="promises",
        db_index=False,
        verbose_name=_("taken by"),
    )
    taken_by_name = models.CharField(_("taken by"), max_length=150)
    note = models.CharField(_("note"), max_length=300, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=PromiseStatus, default=PromiseStatus.OPEN)
    got = MoneyField(_("paid"), default=0)
    judged_on = models.DateField(_("judged on"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("promise to pay")
        verbose_name_plural = _("promises to pay")
        ordering = ["-id"]
        permissions = [("decide_promise", _("Can decide about promises beyond another's limit"))]
        constraints = [
            models.UniqueConstraint(fields=["case"], name="promise_one_open_per_case", condition=Q(status="open")),
            models.CheckConstraint(condition=Q(amount__gt=0), name="promise_is_positive"),
        ]
        # What became of somebody's promises of late.
        indexes = [models.Index(fields=["taken_by", "closed_at"], name="promise_by_taker")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @property
    def rest(self) -> Decimal:
        """What has not been paid of it."""
        return max(self.amount - self.got, Decimal(0))


class PromiseInstalment(models.Model):
    """One date of a promise and what was promised by it. The sum of all is the promise's amount."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="instalments", verbose_name=_("promise"))
    number = models.PositiveSmallIntegerField(_("number"))
    due_on = models.DateField(_("due on"))
    amount = MoneyField(_("amount"))
    status = models.CharField(_("status"), max_length=10, choices=PromiseStatus, default=PromiseStatus.OPEN)
    got = MoneyField(_("paid"), default=0)

    class Meta:
        verbose_name = _("instalment of a promise")
        verbose_name_plural = _("instalments of promises")
        ordering = ["promise", "number"]
        constraints = [
            models.UniqueConstraint(fields=["promise", "number"], name="promise_instalment_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="promise_instalment_is_positive"),
        ]
        indexes = [models.Index(fields=["due_on"], name="promise_open_by_due", condition=Q(status="open"))]

    def __str__(self) -> str:
        return f"{self.due_on} {self.amount}"
