"""Strategies, to read: what is in force, and what rules may name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby, pairwise

from django.db.models import QuerySet

from accounts.models import Account, BucketRow, OverdueKind, Product, RiskClass, RiskRow
from approvals.models import Request
from approvals.selectors import open_request
from cases.selectors.queues import shows_calls
from reminders.models import LANGUAGES, Template, TemplateVersion
from reminders.models import VersionStatus as TemplateStatus
from runs.models import BusinessDay, RunStatus
from strategy.models import Deployment, Simulation, Treatment, Version
from strategy.rules import Known, Span

ACTIVATION = "strategy-activation"


def with_what_became(treatments: QuerySet[Treatment]) -> QuerySet[Treatment]:
    """Each with its rule, what the gate said, and its message without the text: what a list tells of them. No query more."""
    found = treatments.select_related("rule__version", "decision", "message")
    return found.defer(*(f"message__{name}" for name in ("subject", "body", "personal", "context", "secret")))


def deployment_on(day: date) -> Deployment | None:
    """What is in force on a business day; None before the first."""
    return (
        Deployment.objects.filter(effective_from__lte=day)
        .select_related("champion", "challenger")
        .order_by("-effective_from", "-id")
        .first()
    )


def known() -> Known:
    """What rules may name now. Seven queries."""
    approved = TemplateVersion.objects.filter(status=TemplateStatus.APPROVED)
    return Known(
        templates=dict(Template.objects.values_list("name", "kind")),
        approved=frozenset(approved.values_list("template__name", flat=True)),
        queues=frozenset(shows_calls().values_list("pk", flat=True)),
        products=frozenset(Product.objects.values_list("code", flat=True)),
        buckets=_widest(BucketRow.objects.values_list("code", "from_days", "to_days")),
        languages=frozenset(LANGUAGES),
        kinds=frozenset(OverdueKind.values),
        risk_classes=_class_days(),
        currencies=frozenset(Account.objects.order_by().values_list("currency", flat=True).distinct()),
    )


def _class_days() -> dict[str, Span]:
    """On which days past due somebody may be in each class: until the next one begins, whichever table says so."""
    # A late account is at least special-mention, and one in no table is there by hand alone.
    spans: list[tuple[str, int, int | None]] = [(RiskClass.NORMAL, 0, 0)]
    rows = RiskRow.objects.order_by("table", "over_days").values_list("table", "risk_class", "over_days")
    for _table, of_table in groupby(rows, key=lambda row: row[0]):
        begins = [(RiskClass.SPECIAL_MENTION.value, 0), *((code, over) for _table, code, over in of_table)]
        spans += [(code, 1, over) for (code, _over), (_next, over) in pairwise(begins) if over]
        spans.append((begins[-1][0], 1, None))
    return dict.fromkeys(RiskClass.values, (1, None)) | _widest(spans)


def _widest(spans: Iterable[tuple[str, int, int | None]]) -> dict[str, Span]:
    """Of each code the days of all its spans together."""
    found: dict[str, Span] = {}
    for code, first, last in spans:
        start, end = found.get(code, (first, last))
        found[code] = (min(start, first), None if end is None or last is None else max(end, last))
    return found


def unfinished_simulations() -> QuerySet[Simulation]:
    """The simulations that run or wait for a worker, the oldest first, with their strategies."""
    unfinished = Simulation.objects.filter(run__status__in=(RunStatus.PENDING, RunStatus.RUNNING))
    return unfinished.select_related("version", "run").order_by("pk")


def closed_days() -> int:
    """How many days of the book are closed: so many can be simulated."""
    return BusinessDay.objects.filter(is_opening=False).count()


def request_of(version: Version) -> Request | None:
    """The open request to put a strategy in force."""
    return open_request(ACTIVATION, version)
