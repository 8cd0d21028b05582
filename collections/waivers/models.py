"""Late fees that need not be paid: under which policy, how much, on what condition, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Bill, Customer, Relief
from accounts.models.book import MoneyField
from approvals.models import OPEN, Request, RequestStatus
from waivers.installed import INSTALLED


class ReasonCode(models.TextChoices):
    REPAYMENT = "repayment", _("Repays voluntarily")
    FIRST = "first", _("First time late")
    HARDSHIP = "hardship", _("Hardship")
    LENDER_ERROR = "lender-error", _("Our own error")
    COMPLAINT = "complaint", _("Outcome of a complaint or dispute")
    GOODWILL = "goodwill", _("Goodwill")


class Basis(models.TextChoices):
    FULL = "full", _("The whole late fee")
    AMOUNT = "amount", _("An amount")
    PERCENT = "percent", _("A percentage")
    BILL = "bill", _("What one bill caused")


class WaiverStatus(models.TextChoices):
    ASKED = "asked", _("Asked for")
    WAITING = "waiting", _("Waits for the agreed payment")
    GRANTED = "granted", _("Granted")
    LAPSED = "lapsed", _("Lapsed")
    TAKEN_BACK = "taken-back", _("Taken back")


class WaiverPolicy(models.Model):
    """Who qualifies, and how far it goes: all that is set must hold; of several policies one suffices. Dated.

    Of each code and currency the newest row in force counts; one that is not `in_use` ends the policy.
    """

    code = models.SlugField(_("code"), max_length=40)
    title = models.CharField(_("title"), max_length=80)
    currency = models.CharField(_("currency"), max_length=3)
    in_use = models.BooleanField(_("in use"), default=True, help_text=_("Without it the policy ends on this day"))
    reasons = ArrayField(
        models.CharField(max_length=20, choices=ReasonCode), verbose_name=_("reasons"), default=list, blank=True
    )
    products = ArrayField(models.CharField(max_length=40), verbose_name=_("products"), default=list, blank=True)
    repays_within_days = models.PositiveSmallIntegerField(
        _("pays within days"),
        null=True,
        blank=True,
        help_text=_("Money came in the days before, or is agreed to come within as many"),
    )
    first_in_months = models.PositiveSmallIntegerField(
        _("first in months"),
        null=True,
        blank=True,
        help_text=_("Nothing was waived for the customer in so many months"),
    )
    in_hardship = models.BooleanField(_("only in hardship"), default=False, help_text=_("The customer is flagged so"))
    most_percent = models.PositiveSmallIntegerField(
        _("at most, percent of the fee"), default=100, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    yearly_cap = MoneyField(
        _("cap per customer and year"),
        null=True,
        blank=True,
        help_text=_("All that is waived for a customer in twelve months, by whichever policy"),
    )
    automatic_up_to = MoneyField(
        _("granted without a decision up to"), null=True, blank=True, help_text=_("Blank: somebody always decides")
    )
    effective_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("waiver policy")
        verbose_name_plural = _("waiver policies")
        ordering = ["code", "currency", "-effective_from"]
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(fields=["code", "currency", "effective_from"], name="waiver_policy_once_per_date"),
            models.CheckConstraint(
                condition=Q(most_percent__gte=1, most_percent__lte=100), name="waiver_policy_share_of_the_fee"
            ),
            models.CheckConstraint(
                condition=(Q(yearly_cap__isnull=True) | Q(yearly_cap__gte=0))
                & (Q(automatic_up_to__isnull=True) | Q(automatic_up_to__gte=0)),
                name="waiver_policy_not_negative",
            ),
        ]

    def __str__(self) -> str:
        """An installed policy speaks the reader's language."""
        return gettext(self.title) if INSTALLED.get(self.code) == self.title else self.title


class Waiver(models.Model):
    """Late fee of one account that shall not be paid: asked for, decided by another or by its policy, and then in force, or
    once an agreed payment has come.

    `amount` is what was decided, at most; what it came to is `granted`. While it is asked for, what becomes of the asking is
    the request's to say (`shown_status`). Conditional ones are judged by the payments, again whenever money moves.
    """

    account = models.ForeignKey(Account, models.PROTECT, related_name="waivers", verbose_name=_("account"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="waivers", verbose_name=_("customer"))
    currency = models.CharField(_("currency"), max_length=3)
    basis = models.CharField(_("how much"), max_length=10, choices=Basis)
    percent = models.DecimalField(_("percent"), max_digits=5, decimal_places=2, null=True, blank=True)
    bill = models.ForeignKey(
        Bill, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("bill")
    )
    amount = MoneyField(_("amount"))
    reason_code = models.CharField(_("reason"), max_length=20, choices=ReasonCode)
    policy = models.ForeignKey(WaiverPolicy, models.PROTECT, related_name="waivers", verbose_name=_("policy"))
    # The agreed payment: so much, by this day.
    condition_amount = MoneyField(_("agreed payment"), null=True, blank=True)
    condition_on = models.DateField(_("to come by"), null=True, blank=True)
    needs = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="dependants", verbose_name=_("only after")
    )
    status = models.CharField(_("state"), max_length=10, choices=WaiverStatus, default=WaiverStatus.ASKED)
    request = models.OneToOneField(
        Request, models.PROTECT, null=True, blank=True, related_name="waiver", verbose_name=_("request for approval")
    )
    asked_on = models.DateField(_("asked on"))
    asked_at = models.DateTimeField(_("asked at"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, db_index=False, related_name="+", verbose_name=_("asked by")
    )
    asked_by_name = models.CharField(_("asked by"), max_length=150)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    # The present relief, or the one that was taken back with the waiver; how many there were.
    relief = models.OneToOneField(
        Relief, models.PROTECT, null=True, blank=True, related_name="waiver", verbose_name=_("relief")
    )
    reliefs = models.PositiveSmallIntegerField(default=0, editable=False)
    granted = MoneyField(_("granted"), null=True, blank=True)

    class Meta:
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        ordering = ["-id"]
        default_permissions = ("view", "add")
        permissions = [("decide_waiver", _("Can decide waivers")), ("export_waiver", _("Can export waivers"))]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="waiver_amount_positive"),
            models.CheckConstraint(
                condition=Q(condition_amount__isnull=True, condition_on__isnull=True)
                | Q(condition_amount__gt=0, condition_on__isnull=False),
                name="waiver_condition_whole",
            ),
            models.CheckConstraint(
                condition=Q(basis="percent", percent__gt=0, percent__lte=100) | (~Q(basis="percent") & Q(percent=None)),
                name="waiver_percent_of_the_fee",
            ),
            models.CheckConstraint(
                condition=Q(basis="bill", bill__isnull=False) | (~Q(basis="bill") & Q(bill__isnull=True)),
                name="waiver_of_one_bill",
            ),
            models.CheckConstraint(
                condition=Q(status="granted", relief__isnull=False, granted__isnull=False)
                | Q(status__in=["asked", "waiting", "lapsed"], relief__isnull=True, granted__isnull=True)
                | Q(status="taken-back"),
                name="waiver_granted_by_a_relief",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["waiting", "lapsed"]) | Q(condition_on__isnull=False),
                name="waiver_waits_for_a_payment",
            ),
            models.CheckConstraint(
                condition=Q(status="asked") | Q(decided_on__isnull=False), name="waiver_decided_some_day"
            ),
        ]
        indexes = [
            models.Index(fields=["condition_on", "id"], name="waiver_waiting", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        return f"W{self.pk}"

    @property
    def is_conditional(self) -> bool:
        return self.condition_on is not None

    @property
    def is_refused(self) -> bool:
        """Asked for, and the asking is over without a decision for it. Reads the request."""
        return self.status == WaiverStatus.ASKED and self.request is not None and self.request.status not in OPEN

    @property
    def shown_status(self) -> str:
        """What a reader is told: the state, or of one that is asked for what became of the request."""
        if self.status != WaiverStatus.ASKED or self.request is None:
            return str(self.get_status_display())
        return str(self.request.get_status_display())

    @property
    def tone(self) -> str:
        """How the pages colour the state."""
        if self.status == WaiverStatus.GRANTED:
            return "may"
        if self.is_refused or self.status in (WaiverStatus.LAPSED, WaiverStatus.TAKEN_BACK):
            return "plain" if self.request and self.request.status == RequestStatus.WITHDRAWN else "mustnot"
        return "watch"
