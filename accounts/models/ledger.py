"""The ledger, append-only by trigger, and which bill and component each entry touched."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.book import Account, Bill, MoneyField, Payment
from accounts.models.decisions import Relief


class EntryKind(models.TextChoices):
    CHARGE = "charge", _("Charge")
    PAYMENT = "payment", _("Payment")
    REVERSAL = "reversal", _("Reversal")
    LATE_FEE = "late-fee", _("Late fee")
    WAIVER = "waiver", _("Waiver")
    CLOSURE = "closure", _("Closure")
    ROLL_OVER = "roll-over", _("Roll-over")
    ADJUSTMENT = "adjustment", _("Adjustment")


class LedgerEntry(models.Model):
    """One entry. `amount` is what it adds to the debt: charges and fees positive, money in negative.

    A roll-over moves its amount between two bills and changes nothing owed; its `amount` is what moved into `bill`.
    Balances are the sums of all entries but roll-overs. What a relief met is a waiver (a closure where a plan took the bill
    over, or fell back from its own), and an adjustment where that changed later; `relief` names it.
    """

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="entries", db_index=False, verbose_name=_("account")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind)
    amount = MoneyField(_("amount"))
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("known since"))
    bill = models.ForeignKey(
        Bill, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("bill")
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("payment")
    )
    relief = models.ForeignKey(
        Relief, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("relief")
    )
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("reverses")
    )

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["account", "effective_on", "id"]
        indexes = [
            models.Index(fields=["account", "effective_on"], name="entry_by_account"),
            # Few: whoever proves the book finds them without reading every entry again.
            models.Index(fields=["account"], name="entry_of_relief", condition=Q(relief__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"


class Component(models.TextChoices):
    SERVICE_FEE = "service_fee", _("Service fee")
    INTEREST = "interest", _("Interest")
    PRINCIPAL = "principal", _("Principal")
    LATE_FEE = "late_fee", _("Late fee")


class Allocation(models.Model):
    """What part of an entry touched which component of which bill; no bill: the account's late fees.

    Derived from the replay and written anew when a back-dated entry changes it. Positive lowers what the bill still
    asks, negative raises it (the receiving side of a roll-over).
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("account"))
    entry = models.ForeignKey(LedgerEntry, models.PROTECT, db_index=False, related_name="+", verbose_name=_("entry"))
    bill = models.ForeignKey(
        Bill, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("bill")
    )
    component = models.CharField(_("component"), max_length=12, choices=Component)
    amount = MoneyField(_("amount"))
    rule_version = models.PositiveSmallIntegerField(_("rule version"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["account", "id"]

    def __str__(self) -> str:
        return f"{self.get_component_display()} {self.amount}"
