"""Accounts, their bills and payments, and the holds that stop something for a while."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.customers import Customer, Origin
from accounts.models.products import Product


class MoneyField(models.DecimalField):
    """A money column: two places, the currency's own; up to 999,999,999,999.99."""

    def __init__(self, verbose_name: Any = None, **options: Any) -> None:
        options.setdefault("max_digits", 14)
        options.setdefault("decimal_places", 2)
        super().__init__(verbose_name, **options)


class AccountStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    FROZEN = "frozen", _("Frozen")
    CLOSED = "closed", _("Closed")
    CHARGED_OFF = "charged-off", _("Charged off")


class Account(models.Model):
    """One credit line of one borrower in one currency.

    `wakes_on` is the next day on which something already known takes effect by itself (a bill's statement, a payment
    dated ahead, the final due date): the close of that day replays the account. `aged_on` is set when a posting took
    the account's caches past the last closed day, and with it `judged_on` where that day had not begun by the clock: what was
    posted counts, but nobody is late by a day that is still to come. All are written by the posting path only.
    """

    ref = models.CharField(_("reference"), max_length=64, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="accounts", verbose_name=_("borrower"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="accounts", verbose_name=_("product"))
    currency = models.CharField(_("currency"), max_length=3)
    credit_limit = MoneyField(_("credit limit"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=AccountStatus, default=AccountStatus.ACTIVE)
    opened_on = models.DateField(_("opened on"), null=True, blank=True)
    final_due_on = models.DateField(_("final due date"), null=True, blank=True)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.ENTERED)
    recorded_at = models.DateTimeField(_("recorded at"))
    wakes_on = models.DateField(null=True, blank=True, editable=False)
    aged_on = models.DateField(null=True, blank=True, editable=False)
    judged_on = models.DateField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        ordering = ["id"]
        permissions = [
            ("ask_money", _("Can ask for reversals, refunds and other final due dates")),
            ("ask_write_off", _("Can ask for write-offs and acceleration")),
            ("decide_money", _("Can decide about reversals, refunds, write-offs and acceleration")),
        ]
        indexes = [
            models.Index(fields=["wakes_on"], name="account_by_wake", condition=Q(wakes_on__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.ref


class PartyRole(models.TextChoices):
    CO_DEBTOR = "co-debtor", _("Co-debtor")
    GUARANTOR = "guarantor", _("Guarantor")


class AccountParty(models.Model):
    """Someone besides the borrower who answers for an account."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="parties", verbose_name=_("account"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="party_to", verbose_name=_("customer"))
    role = models.CharField(_("role"), max_length=12, choices=PartyRole)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("party to an account")
        verbose_name_plural = _("parties to accounts")
        constraints = [models.UniqueConstraint(fields=["account", "customer"], name="party_once_per_account")]

    def __str__(self) -> str:
        return f"{self.account} {self.get_role_display()}"


class BillKind(models.TextChoices):
    """What asks. Nothing rolls into or out of the bills of plans and refunds, and they ask for the whole."""

    STATEMENT = "statement", _("Statement")
    PLAN = "plan", _("Instalment of a plan")
    REFUND = "refund", _("Refund of waiting credit")


class Bill(models.Model):
    """One period's statement, or what else asks for money: an instalment of a plan, waiting credit that is paid out.

    What was billed never changes. `minimum_given` is what the lender said, null when the product's rule decides;
    `minimum_due`, `rolled_in`, `rolled_out`, `allocated` and `missed` are caches of the replay, written by the posting
    path only and proved by `verify_book`. They hold the replay as of the account's book date: entries dated later are
    not in them until their day. `missed` is null until the bill's first possible late day was replayed.
    """

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="bills", db_index=False, verbose_name=_("account")
    )
    ref = models.CharField(_("reference"), max_length=64, unique=True)
    # The database's default: bills are loaded by COPY too.
    kind = models.CharField(
        _("kind"), max_length=10, choices=BillKind, default=BillKind.STATEMENT, db_default=BillKind.STATEMENT
    )
    statement_on = models.DateField(_("statement date"))
    due_on = models.DateField(_("due date"))
    principal = MoneyField(_("principal"))
    interest = MoneyField(_("interest"), default=0)
    service_fee = MoneyField(_("service fee"), default=0)
    minimum_given = MoneyField(_("minimum due"), null=True, blank=True)
    minimum_due = MoneyField(_("minimum due in force"), editable=False)
    rolled_in = MoneyField(_("rolled in"), default=0, editable=False)
    rolled_out = MoneyField(_("rolled out"), default=0, editable=False)
    allocated = MoneyField(_("allocated"), default=0, editable=False)
    missed = models.BooleanField(_("missed"), null=True, editable=False)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("bill")
        verbose_name_plural = _("bills")
        ordering = ["account", "due_on", "ref"]
        constraints = [
            models.CheckConstraint(
                condition=Q(principal__gte=0, interest__gte=0, service_fee__gte=0), name="bill_amounts_not_negative"
            ),
            models.CheckConstraint(condition=Q(due_on__gte=F("statement_on")), name="bill_due_after_statement"),
        ]
        indexes = [
            models.Index(fields=["account", "due_on"], name="bill_by_account"),
            models.Index(
                fields=["due_on", "account"], name="bill_unmet_by_due", condition=Q(allocated__lt=F("minimum_due"))
            ),
            models.Index(
                fields=["account"],
                name="bill_live_by_account",
                condition=Q(
                    allocated__lt=F("principal") + F("interest") + F("service_fee") + F("rolled_in") - F("rolled_out")
                )
                | Q(missed=True),
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class Payment(models.Model):
    """Money in. `recorded_at` is when the lender knew of it; it counts from `effective_on`."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="payments", verbose_name=_("account"))
    ref = models.CharField(_("reference"), max_length=64, unique=True)
    amount = MoneyField(_("amount"))
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("known since"))
    channel = models.CharField(_("channel"), max_length=100, blank=True)
    designated_bill = models.ForeignKey(
        Bill,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("bill that the debtor named"),
    )

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-effective_on", "-id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_is_positive")]

    def __str__(self) -> str:
        return self.ref


class Reversal(models.Model):
    """A payment taken back: out of the replay from `effective_on`, once known."""

    payment = models.OneToOneField(Payment, models.PROTECT, related_name="reversal", verbose_name=_("payment"))
    effective_on = models.DateField(_("effective on"))
    recorded_at = models.DateTimeField(_("known since"))
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("reversal")
        verbose_name_plural = _("reversals")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"↩ {self.payment}"


class HoldKind(models.TextChoices):
    """What a hold stops. Only a deferral moves the clock."""

    DEFERRAL = "deferral", _("Deferral: the days do not count")
    CONTACT = "contact", _("No contact")
    FEES = "fees", _("No late fees")
    TREATMENT = "treatment", _("No treatment")


class Hold(models.Model):
    """An interval, first and last day included, during which something is stopped; no end means until further notice.

    Never edited: lifting or changing one withdraws this row at a moment (`withdrawn_at`) and writes its successor, so
    that what was known at any past moment can still be told.

    `covers`: the keys of the bills that it is about, null of the whole account. What is overdue beside them it does not stop.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="holds", verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=10, choices=HoldKind)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    known_from = models.DateTimeField(_("known since"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    origin = models.CharField(_("origin"), max_length=10, choices=Origin, default=Origin.ENTERED)
    recorded_at = models.DateTimeField(_("recorded at"))
    covers = ArrayField(models.BigIntegerField(), verbose_name=_("bills that it is about"), null=True, editable=False)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["account", "starts_on", "id"]
        permissions = [("place_deferral", _("Can place a deferral, the hold that stops the days"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="hold_ends_after_start"
            ),
            # Late fees accrue on the account, and its days are counted on it: neither stops for some of its bills.
            models.CheckConstraint(
                condition=Q(covers__isnull=True) | Q(kind__in=("contact", "treatment")), name="hold_of_bills_of_contact"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_on}"
