"""Plans by which a late debt is paid otherwise than billed: what was offered, agreed and asked for, and what became of it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Bill, ContactPoint, Customer, Hold, Relief, RiskClass, Watch
from accounts.models.book import MoneyField
from approvals.models import Request
from reminders.models import Message
from restructuring.installed import INSTALLED_SOURCE


class BreachTerms(models.TextChoices):
    """What holds once a plan is breached. Whatever was paid is credited either way."""

    RESTORE = "restore", _("The debt is owed as it was before the plan, less what was paid")
    STAND = "stand", _("The instalments stay due as they are")


class PlanRule(models.Model):
    """What plans may be, and how they end, from a date on. The earliest row also covers the time before its date."""

    effective_from = models.DateField(_("in force from"), unique=True)
    most_months = models.PositiveSmallIntegerField(
        _("longest term, months"), default=60, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    annual_cap = models.DecimalField(
        _("all-in cost a year at most"),
        max_digits=7,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("The effective yearly cost; the product's own cap counts too"),
    )
    most_discount = models.DecimalField(
        _("discount at most, share of the balance"),
        max_digits=5,
        decimal_places=4,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    discount_rate = models.DecimalField(_("rate of the present value a year"), max_digits=7, decimal_places=6)
    surplus_share = models.DecimalField(
        _("share of the surplus that can be paid"),
        max_digits=5,
        decimal_places=4,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace of an instalment"), validators=[MaxValueValidator(60)]
    )
    breach_after = models.PositiveSmallIntegerField(
        _("missed instalments that breach a plan"), validators=[MinValueValidator(1), MaxValueValidator(12)]
    )
    breach_terms = models.CharField(_("after a breach"), max_length=10, choices=BreachTerms)
    watch_months = models.PositiveSmallIntegerField(_("watch period, months"))
    watch_floor = models.CharField(_("class no better than"), max_length=20, choices=RiskClass)
    needs_signature = models.BooleanField(_("signed before it is decided"), default=True)
    # Of one-time codes what the rule of the day says, whatever rule the plan was asked for under.
    code_minutes = models.PositiveSmallIntegerField(
        _("a code to sign with holds, minutes"), default=10, validators=[MinValueValidator(2), MaxValueValidator(60)]
    )
    code_attempts = models.PositiveSmallIntegerField(
        _("attempts at a code"), default=5, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    code_pause_seconds = models.PositiveSmallIntegerField(
        _("seconds between two codes, at least"), default=60, validators=[MaxValueValidator(3600)]
    )
    far_away_days = models.PositiveSmallIntegerField(
        _("a first payment is far away after, days"),
        default=62,
        validators=[MinValueValidator(1), MaxValueValidator(366)],
        help_text=_("Who makes the offer is warned, and nothing is forbidden: the lender's own"),
    )
    source = models.CharField(_("source"), max_length=500)

    class Meta:
        verbose_name = _("rule of plans")
        verbose_name_plural = _("rules of plans")
        ordering = ["effective_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_months__range=(1, 60), breach_after__gte=1),
                name="plan_rule_in_range",
            ),
            models.CheckConstraint(
                condition=Q(code_minutes__range=(2, 60), code_attempts__range=(1, 10), code_pause_seconds__lte=3600),
                name="plan_rule_codes_in_range",
            ),
            models.CheckConstraint(condition=Q(far_away_days__range=(1, 366)), name="plan_rule_far_away_in_range"),
            models.CheckConstraint(
                condition=Q(most_discount__range=(0, 1), surplus_share__range=(0, 1), discount_rate__gte=0),
                name="plan_rule_shares_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.effective_from.isoformat()

    @property
    def said_source(self) -> str:
        """On what it rests: what is installed in the reader's language, what somebody wrote as it stands."""
        return gettext(self.source) if self.source == INSTALLED_SOURCE else self.source


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


class Way(models.TextChoices):
    SCAN = "scan", _("Scan of the signed paper")
    CODE = "code", _("One-time code")


class Agreement(models.Model):
    """A plan's agreement as it was printed, by its hash; and the debtor's signature: the paper's scan, or a one-time code.

    What was printed stays as it is, and so does what was signed (trigger).
    """

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="agreements", verbose_name=_("plan"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    file = models.FileField(_("file"), upload_to="agreements/%Y/%m/")
    sha256 = models.CharField("SHA-256", max_length=64)
    made_at = models.DateTimeField(_("made at"))
    made_by_name = models.CharField(_("made by"), max_length=150)
    signed_at = models.DateTimeField(_("signed at"), null=True, blank=True)
    recorded_by_name = models.CharField(_("recorded by"), max_length=150, blank=True)
    way = models.CharField(_("signed by"), max_length=4, choices=Way, blank=True)
    code = models.OneToOneField(
        "SigningCode", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("code")
    )
    scan = models.FileField(_("scan"), upload_to="agreements/%Y/%m/", blank=True)
    scan_type = models.CharField(max_length=40, blank=True)
    scan_sha256 = models.CharField("SHA-256", max_length=64, blank=True)

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["plan", "language"], name="agreement_once_per_language"),
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True, way="", code__isnull=True)
                | Q(signed_at__isnull=False, way="scan", code__isnull=True) & ~Q(scan="") & ~Q(scan_sha256="")
                | Q(signed_at__isnull=False, way="code", code__isnull=False),
                name="agreement_signed_by_scan_or_code",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} {self.language}"


class SigningCode(models.Model):
    """A one-time code that was sent to the debtor, to sign one agreement with: that file, by its hash, and no other.

    The code itself is kept nowhere: `digest` is keyed, and of the code and the hash. `ended_at`: when it was used or used up by
    wrong attempts, or when a newer one or a scan took its place; one that lapsed merely lapses. What was sent stays (trigger).
    """

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="codes", verbose_name=_("agreement"))
    sha256 = models.CharField("SHA-256", max_length=64)
    contact_point = models.ForeignKey(
        ContactPoint, models.PROTECT, db_index=False, related_name="+", verbose_name=_("contact point")
    )
    message = models.OneToOneField(Message, models.PROTECT, related_name="+", verbose_name=_("message"))
    digest = models.BinaryField(max_length=32, editable=False)
    sent_at = models.DateTimeField(_("sent at"))
    sent_by_name = models.CharField(_("sent by"), max_length=150)
    valid_until = models.DateTimeField(_("valid until"))
    most_attempts = models.PositiveSmallIntegerField(_("attempts at a code"))
    attempts = models.PositiveSmallIntegerField(_("wrong attempts"), default=0)
    used_at = models.DateTimeField(_("entered at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("code to sign with")
        verbose_name_plural = _("codes to sign with")
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["agreement"], name="signing_code_one_not_ended", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(attempts__lte=F("most_attempts"))
                & (Q(attempts__lt=F("most_attempts")) | Q(ended_at__isnull=False)),
                name="signing_code_attempts",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True)
                | Q(used_at=F("ended_at"), used_at__lt=F("valid_until"), attempts__lt=F("most_attempts")),
                name="signing_code_used_in_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} {self.pk}"

    @property
    def left(self) -> int:
        """How many attempts are left."""
        return self.most_attempts - self.attempts
