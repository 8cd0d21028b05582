"""Which treatment an account gets and when: versioned rules, which version is in force for whom, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.identity import hidden_in
from accounts.models import Account, Customer
from accounts.models.book import MoneyField
from cases.models import Queue
from compliance.models import Channel, ContactDecision
from reminders.models import Message
from runs.models import JobRun
from strategy.retrying import UNTIL_IT_GOES


def _check_title(title: str) -> None:
    if said := hidden_in(title):
        raise ValidationError({"title": said})


class VersionStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    DISCARDED = "discarded", _("Discarded")


class Version(models.Model):
    """One whole strategy: its rules, in their order. An approved version never changes (trigger): treatments name its rules."""

    number = models.PositiveIntegerField(_("number"), unique=True)
    title = models.CharField(_("title"), max_length=120)
    status = models.CharField(_("state"), max_length=10, choices=VersionStatus, default=VersionStatus.DRAFT)
    based_on = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("based on")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    created_by_name = models.CharField(_("written by"), max_length=150)
    created_at = models.DateTimeField(_("written at"))
    # Everybody who had a hand in its rules: none of them activates it.
    writers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", editable=False)
    # Counts the edits: a stale screen is told by it.
    edits = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("strategy")
        verbose_name_plural = _("strategies")
        ordering = ["-number"]
        default_permissions = ("add", "change", "view")
        permissions = [("activate_version", _("Can activate a strategy"))]

    def __str__(self) -> str:
        return f"{self.number}"

    def clean(self) -> None:
        """No title holds what nobody sees."""
        _check_title(self.title)


class Stage(models.TextChoices):
    """From what the days of a rule are counted."""

    BEFORE_DUE = "before-due", _("Days before the due date")
    LATE = "late", _("Days past due")
    PROMISE = "promise", _("Days before a promised payment")


class Action(models.TextChoices):
    MESSAGE = "message", _("Write")
    CALL = "call", _("Have called")
    FREEZE = "freeze", _("Propose to freeze")
    REFER = "refer", _("Propose to refer")
    PLAN = "plan", _("Propose a plan")
    # Writes as well: the notice that must come before a report. Whether to report is never a treatment.
    BUREAU_NOTICE = "bureau-notice", _("Announce a report to the bureau")


# What sends a message, by its templates.
WRITES = (Action.MESSAGE, Action.BUREAU_NOTICE)
# What another part of the program takes up and a person decides.
PROPOSED = (Action.FREEZE, Action.REFER, Action.PLAN)


class PromiseState(models.TextChoices):
    ANY = "", _("Any")
    NONE = "none", _("None open")
    OPEN = "open", _("Open")
    BROKEN = "broken", _("Broken")


class Rule(models.Model):
    """Accounts to which all its conditions apply get its treatment; a condition left blank asks nothing.

    Of a person's accounts, the first rule in order that fits decides what is done of each action. Days count from the stage's own
    date, both ends included. A rule applies to a person again `every_days` after it last did, or, left blank, once in each
    time that the account is late (for what is not late yet: once for each due date). What the gate refuses for a reason that
    passes is tried again for `retry_days` (see `strategy.retrying`). Amounts are the overdue amount, or of what is not late yet
    the amount that falls due, in `currency`.
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="rules", verbose_name=_("strategy"))
    position = models.PositiveSmallIntegerField(_("position"))
    # The same from version to version: what a rule did before, under another version, still counts.
    code = models.CharField(
        _("code"),
        max_length=40,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Small letters, digits and hyphens: first-call."))],
    )
    title = models.CharField(_("title"), max_length=120)

    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.LATE)
    days_from = models.PositiveSmallIntegerField(_("from day"))
    days_to = models.PositiveSmallIntegerField(_("to day"), null=True, blank=True)
    products = ArrayField(models.SlugField(max_length=40), default=list, blank=True, verbose_name=_("products"))
    buckets = ArrayField(models.CharField(max_length=10), default=list, blank=True, verbose_name=_("buckets"))
    kinds = ArrayField(models.CharField(max_length=10), default=list, blank=True, verbose_name=_("kinds of lateness"))
    risk_classes = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("risk classes"))
    languages = ArrayField(models.CharField(max_length=10), default=list, blank=True, verbose_name=_("languages"))
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    amount_from = MoneyField(_("amount from"), null=True, blank=True)
    amount_to = MoneyField(_("amount to"), null=True, blank=True)
    promise = models.CharField(_("promise"), max_length=10, choices=PromiseState, blank=True)
    # The person has a contact point of her own for that channel, which may be used.
    reachable_by = models.CharField(_("can be reached by"), max_length=10, choices=Channel, blank=True)

    action = models.CharField(_("treatment"), max_length=15, choices=Action)
    # By name, in the order in which they are tried: each has its channel, and the first that the gate allows goes.
    templates = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("templates"))
    queue = models.ForeignKey(Queue, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("queue"))
    every_days = models.PositiveSmallIntegerField(
        _("again after days"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    retry_days = models.PositiveSmallIntegerField(
        _("tried again for days"), default=3, validators=[MaxValueValidator(60)]
    )

    class Meta:
        verbose_name = _("rule of a strategy")
        verbose_name_plural = _("rules of a strategy")
        ordering = ["position", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["version", "code"], name="strategy_rule_code_once"),
            models.CheckConstraint(
                condition=Q(days_to__isnull=True) | Q(days_to__gte=F("days_from")), name="strategy_rule_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(amount_from__isnull=True, amount_to__isnull=True) | ~Q(currency=""),
                name="strategy_rule_amount_in_currency",
            ),
            models.CheckConstraint(
                condition=Q(action="message", templates__len__gt=0)
                | Q(action="bureau-notice")
                | ~Q(action__in=["message", "bureau-notice"]) & Q(templates__len=0),
                name="strategy_rule_message_has_template",
            ),
            models.CheckConstraint(
                condition=Q(action="call", queue__isnull=False) | ~Q(action="call") & Q(queue__isnull=True),
                name="strategy_rule_call_has_queue",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """No title holds what nobody sees."""
        _check_title(self.title)


class Deployment(models.Model):
    """Which strategy is in force for whom from a business day on, until the next one. Append-only (trigger).

    A person's arm follows from a stable hash of her key and `salt`: `holdout_percent` of the people get nothing but what the
    law demands, `challenger_percent` are treated by the challenger, the others by the champion.
    """

    effective_from = models.DateField(_("in force from"))
    champion = models.ForeignKey(Version, models.PROTECT, related_name="+", verbose_name=_("champion"))
    challenger = models.ForeignKey(
        Version, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("challenger")
    )
    challenger_percent = models.PositiveSmallIntegerField(
        _("challenger's share, %"), default=0, validators=[MaxValueValidator(100)]
    )
    holdout_percent = models.PositiveSmallIntegerField(_("hold-out, %"), default=0, validators=[MaxValueValidator(100)])
    salt = models.CharField(_("salt"), max_length=40)
    # The request by which it was approved; the installed one has none.
    request_id = models.BigIntegerField(_("approved by request"), null=True, blank=True)
    decided_by_name = models.CharField(_("activated by"), max_length=150)
    decided_at = models.DateTimeField(_("activated at"))

    class Meta:
        verbose_name = _("strategy in force")
        verbose_name_plural = _("strategies in force")
        ordering = ["-effective_from", "-id"]
        get_latest_by = ["effective_from", "id"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(challenger__isnull=True, challenger_percent=0)
                | Q(challenger__isnull=False, challenger_percent__gt=0) & ~Q(challenger=F("champion")),
                name="strategy_challenger_has_share",
            ),
            models.CheckConstraint(
                condition=Q(challenger_percent__lte=100 - F("holdout_percent")), name="strategy_shares_within_all"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.champion_id} {self.effective_from}"


class Arm(models.TextChoices):
    CHAMPION = "champion", _("Champion")
    CHALLENGER = "challenger", _("Challenger")
    HOLDOUT = "holdout", _("Hold-out")


class Outcome(models.TextChoices):
    QUEUED = "queued", _("Message queued")
    REFUSED = "refused", _("Refused by the gate")
    AGAIN = "again", _("Refused for now")
    CALL = "call", _("Call asked for")
    PROPOSED = "proposed", _("Proposed")
    HELD_OUT = "held-out", _("Held out")


class Treatment(models.Model):
    """What a rule did, or would have done but for the gate or the hold-out, to a person on a business day.

    One row for each account for which the rule fitted; of several of a person's they have one message, which names all.
    `decision` is the last of the gate's that it led to. Until `again_until` a refusal does not count as done: see
    `strategy.retrying`. Append-only, with two exceptions (trigger). A refusal that was repeated alike counts its `attempts`, the
    last of which was on `tried_on` (None: there was one). A notice that was queued becomes a refusal where the gate refused
    it as it went; it keeps its message.
    """

    business_day = models.DateField(_("business day"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="treatments", verbose_name=_("customer"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("account"))
    rule = models.ForeignKey(Rule, models.PROTECT, db_index=False, related_name="treatments", verbose_name=_("rule"))
    code = models.CharField(_("rule's code"), max_length=40)
    # The date from which the stage's days were counted: of the same one, a rule that is not repeated applies once.
    anchor_on = models.DateField(_("counted from"))
    arm = models.CharField(_("arm"), max_length=10, choices=Arm)
    action = models.CharField(_("treatment"), max_length=15, choices=Action)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("message")
    )
    decision = models.ForeignKey(
        ContactDecision,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("decision"),
    )
    again_until = models.DateField(_("tried again until"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=1, db_default=1)
    tried_on = models.DateField(_("last tried on"), null=True, blank=True)
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("treatment")
        verbose_name_plural = _("treatments")
        ordering = ["-id"]
        default_permissions = ("view", "export")
        constraints = [
            # What a rule does of an account it does once a day.
            models.UniqueConstraint(
                fields=["customer", "business_day", "code", "account"], name="strategy_treatment_once"
            )
        ]
        indexes = [
            models.Index(fields=["business_day", "id"], name="strategy_treatment_by_day"),
            # What is still tried again, of all that was ever done.
            models.Index(
                fields=["again_until"], name="strategy_treatment_again", condition=Q(again_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.business_day}"

    @property
    def until_it_goes(self) -> bool:
        """Whether it is tried again without an end."""
        return self.again_until == UNTIL_IT_GOES


class ProposalStatus(models.TextChoices):
    OPEN = "open", _("Open")
    TAKEN = "taken", _("Taken up")
    DISMISSED = "dismissed", _("Dismissed")
    LAPSED = "lapsed", _("No longer called for")


class Proposal(models.Model):
    """Something for a person to decide, read by the part of the program that it concerns: one open for each account and kind."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="proposals", verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=15, choices=Action)
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+", verbose_name=_("rule"))
    business_day = models.DateField(_("proposed on"))
    status = models.CharField(_("state"), max_length=10, choices=ProposalStatus, default=ProposalStatus.OPEN)
    closed_by_name = models.CharField(_("closed by"), max_length=150, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ["-id"]
        default_permissions = ("change", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind"], name="strategy_one_open_proposal", condition=Q(status="open")
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["freeze", "refer", "plan", "bureau-notice"]), name="strategy_proposal_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.account_id}"


class Simulation(models.Model):
    """What a strategy, alone or beside another, would have done on the last closed days; `result` is empty until the job is done.

    `version` is the one that it was asked for, champion or challenger. `edits`: of the version when it was asked for; a draft
    that was changed since is another one.
    """

    version = models.ForeignKey(Version, models.CASCADE, related_name="simulations", verbose_name=_("strategy"))
    edits = models.PositiveIntegerField(_("edits"))
    champion = models.ForeignKey(Version, models.CASCADE, related_name="+", verbose_name=_("champion"))
    challenger = models.ForeignKey(
        Version, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("challenger")
    )
    challenger_percent = models.PositiveSmallIntegerField(_("challenger's share, %"), default=0)
    holdout_percent = models.PositiveSmallIntegerField(_("hold-out, %"), default=0)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    # More than `days` where not so many were closed; 0: it was not kept.
    asked_days = models.PositiveSmallIntegerField(_("days asked for"), default=0, db_default=0)
    run = models.OneToOneField(JobRun, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("job"))
    result = models.JSONField(_("result"), default=dict, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("asked by"),
    )
    asked_by_name = models.CharField(_("asked by"), max_length=150)
    asked_at = models.DateTimeField(_("asked at"))

    class Meta:
        verbose_name = _("simulation")
        verbose_name_plural = _("simulations")
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="strategy_simulation_days_in_order")
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1
