"""Plans by which a late debt is paid otherwise than billed: what was offered and agreed, and what became of it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Account, Bill, Customer, Hold, Relief, Watch
from accounts.models.book import MoneyField
from approvals.models import Request
from restructuring.models.rules import BreachTerms, PlanRule


class PlanKind(models.TextChoices):
    INSTALMENTS = "instalments", _("Paid in instalments")
    EXTENSION = "extension", _("Extension: due dates move")
    SETTLEMENT = "settlement", _("Settlement: one lump sum")


class PlanStatus(models.TextChoices):
    ASKED = "asked", _("Asked for")
    SIGNED = "signed", _("Signed")
    RUNNING = "running", _("On track")
    AT_RISK = "at-risk", _("At risk")
    BREACHED = "breached", _("Breached")
    KEPT = "kept", pgettext_lazy("plan", "Kept")
    WRITTEN_OFF = "written-off", pgettext_lazy("plan", "Ended by write-off")
    CANCELLED = "cancelled", pgettext_lazy("plan", "Cancelled")


# Not decided yet; taken into the book, and not over so far; and over because nothing is left of its bills.
PROPOSED = (PlanStatus.ASKED, PlanStatus.SIGNED)
LIVE = (PlanStatus.RUNNING, PlanStatus.AT_RISK)
SETTLED = (PlanStatus.KEPT, PlanStatus.WRITTEN_OFF)


class Plan(models.Model):
    """One plan for one account. What was agreed never changes; a wish for something else is another plan.

    Of an account one is proposed and one live at most. A proposed one counts only while its request is open.
    `late` and `missed` are caches of the instalments' bills: how many are past due and not paid, and how many of them
    for longer than the days of grace.
    """

    ref = models.CharField(_("reference"), max_length=20, unique=True)
    account = models.ForeignKey(
        Account, models.PROTECT, db_index=False, related_name="plans", verbose_name=_("account")
    )
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="plans", verbose_name=_("customer"))
    request = models.ForeignKey(
        Request, models.PROTECT, null=True, blank=True, related_name="plans", verbose_name=_("request for approval")
    )
    # A proposal that was asked for anew on the same account.
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("takes the place of")
    )
    rule = models.ForeignKey(PlanRule, models.PROTECT, db_index=False, related_name="+", verbose_name=_("rule"))
    kind = models.CharField(_("kind"), max_length=12, choices=PlanKind)
    status = models.CharField(_("state"), max_length=12, choices=PlanStatus, default=PlanStatus.ASKED)
    currency = models.CharField(_("currency"), max_length=3)
    starts_on = models.DateField(_("first day"))
    # The choices behind the schedule, as `restructuring.terms` writes and reads them.
    terms = models.JSONField(_("terms"))
    principal = MoneyField(_("principal"))
    interest = MoneyField(_("interest"))
    service_fee = MoneyField(_("service fee"))
    late_fee = MoneyField(_("late fee"))
    discount = MoneyField(_("discount"), default=0)
    plan_interest = MoneyField(_("interest of the plan"), default=0)
    total = MoneyField(_("to be paid in all"))
    annual_cost = models.DecimalField(_("yearly cost"), max_digits=12, decimal_places=8, null=True)
    present_value = MoneyField(_("present value"))
    income = MoneyField(_("monthly income"), null=True, blank=True)
    expenses = MoneyField(_("monthly expenses"), null=True, blank=True)
    payable = MoneyField(_("can be paid a month"), null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(_("days of grace of an instalment"))
    breach_after = models.PositiveSmallIntegerField(_("missed instalments that breach a plan"))
    breach_terms = models.CharField(_("after a breach"), max_length=10, choices=BreachTerms)
    late = models.PositiveSmallIntegerField(_("instalments past due"), default=0, editable=False)
    missed = models.PositiveSmallIntegerField(_("instalments missed"), default=0, editable=False)
    running_on = models.DateField(_("in force from"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    asked_at = models.DateTimeField(_("asked at"))
    asked_by_name = models.CharField(_("asked by"), max_length=150)
    # What taking it into the book placed beside the debt, to be lifted when the plan ends.
    watch = models.ForeignKey(Watch, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    contact_hold = models.ForeignKey(Hold, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    fee_hold = models.ForeignKey(Hold, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    final_due_before = models.DateField(_("final due date before the plan"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [
            ("ask_plan", _("Can ask for a plan")),
            ("decide_plan", _("Can decide about a plan")),
            ("sign_plan", _("Can record the signature of a plan")),
            ("export_plan", _("Can export plans")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], name="one_live_plan_per_account", condition=Q(status__in=["running", "at-risk"])
            ),
            models.UniqueConstraint(
                fields=["account"], name="one_proposed_plan_per_account", condition=Q(status__in=["asked", "signed"])
            ),
            models.CheckConstraint(
                condition=Q(
                    total=F("principal")
                    + F("interest")
                    + F("service_fee")
                    + F("late_fee")
                    + F("plan_interest")
                    - F("discount")
                ),
                name="plan_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["asked", "signed", "cancelled"]) | Q(running_on__isnull=False),
                name="plan_runs_from_a_day",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "status"], name="plan_by_account"),
            models.Index(fields=["status", "id"], name="plan_by_status"),
            models.Index(fields=["id"], name="plan_live", condition=Q(status__in=["running", "at-risk"])),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def balance(self) -> Any:
        """What it takes over, before any discount."""
        return self.principal + self.interest + self.service_fee + self.late_fee


class PlanTarget(models.Model):
    """What a plan takes over of one bill, or, without one, of the account's late fees. The reliefs close it in the book."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="targets", verbose_name=_("plan"))
    bill = models.ForeignKey(
        Bill, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("bill")
    )
    amount = MoneyField(_("amount"))
    discount = MoneyField(_("discount"), default=0)
    closure = models.ForeignKey(Relief, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")
    let_off = models.ForeignKey(Relief, models.PROTECT, null=True, blank=True, db_index=False, related_name="+")

    class Meta:
        verbose_name = _("part that a plan takes over")
        verbose_name_plural = _("parts that a plan takes over")
        ordering = ["plan", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["plan", "bill"], name="plan_target_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(amount__gt=0, discount__gte=0, discount__lte=F("amount")), name="plan_target_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.bill or ''}"


class PlanInstalment(models.Model):
    """One instalment as it was agreed; its bill asks for it once the plan is in the book."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="instalments", verbose_name=_("plan"))
    number = models.PositiveSmallIntegerField(_("number"))
    due_on = models.DateField(_("due date"))
    principal = MoneyField(_("principal"))
    interest = MoneyField(_("interest"))
    fee = MoneyField(_("fees"))
    bill = models.OneToOneField(
        Bill, models.PROTECT, null=True, blank=True, related_name="plan_instalment", verbose_name=_("bill")
    )

    class Meta:
        verbose_name = _("instalment of a plan")
        verbose_name_plural = _("instalments of plans")
        ordering = ["plan", "number"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_instalment_once"),
            models.CheckConstraint(
                condition=Q(principal__gte=0, interest__gte=0, fee__gte=0), name="plan_instalment_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.number}"

    @property
    def bill_ref(self) -> str:
        """What its bill is called, once there is one."""
        return f"{self.plan.ref}-{self.number}"

    @property
    def total(self) -> Any:
        return self.principal + self.interest + self.fee
