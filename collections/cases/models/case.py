"""A late customer's case: what is worked. It belongs to the person; the debts belong to the accounts."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from accounts.models.book import MoneyField
from staff.models import Team


class CaseStatus(models.TextChoices):
    OPEN = "open", _("Open")
    CURED = "cured", _("Cured")


class WaitFor(models.TextChoices):
    """Why a case is not given out before `wait_until`."""

    FOLLOW_UP = "follow-up", _("Follow-up")
    CALL_BACK = "call-back", _("Call back agreed for later")
    PROMISE = "promise", _("Promise not due yet")
    DISPUTE = "dispute", _("In dispute")
    HOLD = "hold", _("On hold")
    FLAG = "flag", _("Customer flag")
    GATE = "gate", _("May not be contacted now")


# From when the case may be given out; one that waits for nothing, since it was opened.
FREE_FROM = Coalesce("wait_until", "opened_at")


class Case(models.Model):
    """One spell of lateness of one customer, from the first late account to none.

    `bucket`, `currency`, `clock_*` are those of the customer's worst account, `overdue_amount` the sum over the late
    accounts in that currency, `products` the codes of the late accounts' products; all follow the standings, in the close of
    day and at once when money moves.
    Days past due on D = `coalesce(clock_stopped_on, D) - clock_from_on`, as on a standing.

    `team` follows the portfolios (`services.routing`), `assignee` is who works it. `priority` is overdue amount × days past
    due × the risk factor (1 until there is a score) × the factor of a broken promise, as of the last closed day. Nobody is
    given the case before `wait_until`; `wait_for` says why (`services.waiting`). `call_back_at` is from when the customer waits
    to be called back. All of these are caches.
    """

    ref = models.CharField(_("reference"), max_length=32, unique=True)
    customer = models.ForeignKey(
        Customer, models.PROTECT, related_name="cases", db_index=False, verbose_name=_("customer")
    )
    status = models.CharField(_("status"), max_length=10, choices=CaseStatus, default=CaseStatus.OPEN)
    opened_on = models.DateField(_("opened on"))
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    bucket = models.CharField(_("bucket"), max_length=10)
    risk_class = models.CharField(_("risk class"), max_length=20)
    currency = models.CharField(_("currency"), max_length=3)
    overdue_amount = MoneyField(_("overdue amount"))
    late_accounts = models.PositiveSmallIntegerField(_("late accounts"), default=1)
    products = ArrayField(models.CharField(max_length=40), verbose_name=_("products"), default=list)
    clock_from_on = models.DateField(_("days count from"))
    clock_stopped_on = models.DateField(_("days stand still since"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="cases", db_index=False, verbose_name=_("team")
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cases",
        db_index=False,
        verbose_name=_("worked by"),
    )
    assigned_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    follow_up_on = models.DateField(_("follow-up"), null=True, blank=True)
    follow_up_note = models.CharField(_("what for"), max_length=200, blank=True, db_default="")
    call_back_at = models.DateTimeField(_("to be called back from"), null=True, blank=True)
    contacted_at = models.DateTimeField(_("last contact"), null=True, blank=True)
    promise_broken_on = models.DateField(_("promise broken on"), null=True, blank=True)
    priority = models.FloatField(_("priority"), default=0, db_default=0)
    wait_until = models.DateTimeField(_("waits until"), null=True, blank=True)
    wait_for = models.CharField(_("waits for"), max_length=10, choices=WaitFor, blank=True, db_default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    # The transactions that wrote the latest versions, the newest last (a trigger): `services.versions.changes_since`.
    transactions = ArrayField(models.BigIntegerField(), default=list, db_default=[], editable=False)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=Q(status="open"), name="case_one_open_per_customer")
        ]
        indexes = [
            # Who sees a customer: asked of thousands of them at once, so read from the index alone.
            models.Index(fields=["customer"], include=["team", "assignee"], name="case_by_customer"),
            models.Index(fields=["clock_from_on", "id"], name="case_open_by_clock", condition=Q(status="open")),
            models.Index(
                fields=["bucket", "clock_from_on", "id"], name="case_open_by_bucket", condition=Q(status="open")
            ),
            # The numbers beside the worklist's buckets, read from the index alone, whoever's cases somebody sees.
            models.Index(
                fields=["team", "bucket", "currency"],
                include=["overdue_amount", "assignee"],
                name="case_open_tally",
                condition=Q(status="open"),
            ),
            models.Index(
                fields=["customer"],
                name="case_open_stopped",
                condition=Q(status="open", clock_stopped_on__isnull=False),
            ),
            models.Index(fields=["-overdue_amount", "id"], name="case_open_by_amount", condition=Q(status="open")),
            # What "take next" reads. With its last column what waits is passed over within the index.
            models.Index(
                F("team"),
                F("priority").desc(),
                F("id"),
                FREE_FROM,
                name="case_to_take",
                condition=Q(status="open", assignee__isnull=True),
            ),
            # The same of a queue in the order of the amount; of one for some buckets the others are passed over as well.
            models.Index(
                F("team"),
                F("overdue_amount").desc(),
                F("id"),
                FREE_FROM,
                F("bucket"),
                name="case_to_take_by_amount",
                condition=Q(status="open", assignee__isnull=True),
            ),
            models.Index(
                fields=["assignee", "-priority", "id"],
                name="case_by_assignee",
                condition=Q(status="open", assignee__isnull=False),
            ),
            # The same of the few that may have something to do today: "take next" asks for them first.
            models.Index(
                fields=["assignee", "-priority", "id"],
                name="case_own_due",
                condition=Q(status="open")
                & (Q(call_back_at__isnull=False) | Q(follow_up_on__isnull=False) | Q(promise_broken_on__isnull=False)),
            ),
            # Whom nobody works and somebody is to call back.
            models.Index(
                fields=["call_back_at"],
                name="case_to_call_back",
                condition=Q(status="open", assignee__isnull=True, call_back_at__isnull=False),
            ),
        ]
        permissions = [
            ("work_case", _("Can take and work cases")),
            ("assign_case", _("Can assign cases to others")),
            ("export_case", _("Can export cases")),
            ("view_board", _("Can see the team board")),
            ("search_exactly", _("Can search by identity number or phone")),
        ]

    def __str__(self) -> str:
        return self.ref
