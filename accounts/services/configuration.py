"""Products and the dated rows that govern them: add one, change one that is not in force yet.

Nothing here rewrites the past. Once accounts stand under a row, only rows dated behind the open business day may come or
change, so that every cache of the book stays what the replay finds; the close of that day then moves what the row moves
(`Standing.next_transition_on`). A date, once saved, stays: a row dated wrongly is given the values that shall hold then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Max, Min, Model, Q, QuerySet
from django.utils.translation import gettext as _

from accounts import rules
from accounts.errors import Conflict, Invalid
from accounts.models import (
    Account,
    AllocationRule,
    Bill,
    BucketRow,
    BucketTable,
    Product,
    ProductTerms,
    RiskClass,
    RiskRow,
    RiskTable,
    Standing,
)
from accounts.rules.terms import COMPONENTS, CURRENT_BUCKET, STEPS
from audit.services import Actor, record
from runs import selectors
from runs.texts import listed

# What a row of terms says, besides whose it is and from when.
TERMS = (
    "lender_kind",
    "grace_days",
    "minimum_rule",
    "minimum_rate",
    "rolls_over",
    "missed_limit",
    "late_fee_daily_rate",
    "contract_annual_rate",
    "all_in_annual_cap",
    "bill_days_back",
    "bill_days_ahead",
    "source",
)
# How long a change waits for postings that are under way; each takes milliseconds.
PATIENCE = "3s"
# Bucket and class rows as the forms give them.
BucketRows = Sequence[tuple[str, int, int | None]]
RiskRows = Sequence[tuple[str, int]]


@transaction.atomic
def register_product(
    *, actor: Actor, code: str, name: str, is_active: bool, effective_from: date, terms: Mapping[str, Any]
) -> Product:
    """Add a product with its first terms (`TERMS`), without which no account of it could be judged.

    Raises:
        Conflict: the code is taken.
    """
    if Product.objects.filter(code=code).exists():
        raise Conflict(_("The product code %(code)s is taken. Choose another.") % {"code": code})
    product = Product.objects.create(code=code, name=name, is_active=is_active)
    record(actor=actor, verb="product.registered", subject=product, after=_told(product, ("code", "name", "is_active")))
    add_terms(actor=actor, product_id=product.pk, effective_from=effective_from, terms=terms)
    return product


@transaction.atomic
def change_product(*, actor: Actor, product_id: int, name: str, is_active: bool) -> Product:
    """Rename a product, or begin or cease to sell it. Its code stays: portfolios are kept by it."""
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    _change(actor, "product.changed", product, {"name": name, "is_active": is_active})
    return product


@transaction.atomic
def add_terms(*, actor: Actor, product_id: int, effective_from: date, terms: Mapping[str, Any]) -> ProductTerms:
    """Let a product have other terms from a day on. Keeps postings and closes off until it is done.

    Raises:
        Invalid: accounts of the product already stand under the terms of that day, or are cached by them.
        Conflict: the product has terms from that day, or a day is being closed.
    """
    _keep_off()
    dated = ProductTerms.objects.filter(product_id=product_id)
    if dated.filter(effective_from=effective_from).exists():
        raise Conflict(_("This product has terms from that day. Change those instead."))
    row = ProductTerms(product_id=product_id, effective_from=effective_from, **terms)
    if Account.objects.filter(product_id=product_id).exists():
        _only_ahead(dated, effective_from)
        _only_what_is_not_cached(dated.filter(effective_from__lt=effective_from).order_by("-effective_from")[0], row)
    row.save()
    record(actor=actor, verb="product-terms.added", subject=row, after=_told(row, ("effective_from", *TERMS)))
    _announce(effective_from, Standing.objects.filter(account__product_id=product_id))
    return row


@transaction.atomic
def change_terms(*, actor: Actor, terms_id: int, terms: Mapping[str, Any]) -> ProductTerms:
    """Change terms that are not in force yet. Raises as `add_terms`."""
    _keep_off()
    row = ProductTerms.objects.select_for_update().get(pk=terms_id)
    if Account.objects.filter(product_id=row.product_id).exists():
        _only_ahead(ProductTerms.objects.filter(product_id=row.product_id), row.effective_from)
        changed = ProductTerms(product_id=row.product_id, effective_from=row.effective_from, **terms)
        _only_what_is_not_cached(row, changed)
    _change(actor, "product-terms.changed", row, terms)
    return row


@transaction.atomic
def add_allocation_rule(
    *, actor: Actor, effective_from: date, steps: Sequence[str], components: Sequence[str], source: str
) -> AllocationRule:
    """Let credits of a day and later meet what is owed in another order; the next version's number is given.

    Raises:
        Invalid: a step or component is missing, twice there or unknown; or money of that day was allocated already.
    """
    _keep_off()
    version = (AllocationRule.objects.aggregate(last=Max("version"))["last"] or 0) + 1
    _check_rule(version, effective_from, steps, components)
    _only_ahead_of_the_book(AllocationRule.objects.all(), effective_from)
    rule = AllocationRule.objects.create(
        version=version, effective_from=effective_from, steps=list(steps), components=list(components), source=source
    )
    record(
        actor=actor,
        verb="allocation-rule.added",
        subject=rule,
        after=_told(rule, ("version", "effective_from", "steps", "components", "source")),
    )
    return rule


@transaction.atomic
def change_allocation_rule(
    *, actor: Actor, rule_id: int, steps: Sequence[str], components: Sequence[str], source: str
) -> AllocationRule:
    """Change a rule that is not in force yet. Raises as `add_allocation_rule`."""
    _keep_off()
    rule = AllocationRule.objects.select_for_update().get(pk=rule_id)
    _check_rule(rule.version, rule.effective_from, steps, components)
    _only_ahead_of_the_book(AllocationRule.objects.all(), rule.effective_from)
    _change(
        actor,
        "allocation-rule.changed",
        rule,
        {"steps": list(steps), "components": list(components), "source": source},
    )
    return rule


@transaction.atomic
def save_bucket_table(
    *, actor: Actor, table_id: int | None, effective_from: date, source: str, rows: BucketRows
) -> BucketTable:
    """Add a table of buckets (`table_id` None), or change one that is not in force yet; `rows` are all of it.

    Raises:
        Invalid: the buckets do not tile 1…∞ days, or accounts already stand under the table of that day.
    """
    check_buckets(rows)
    table = _table(BucketTable, table_id, effective_from)
    before = _told_table(table)
    table.source = source
    table.save()
    table.rows.all().delete()
    BucketRow.objects.bulk_create(
        BucketRow(table=table, code=code, from_days=first, to_days=last) for code, first, last in rows
    )
    _record_table(actor, "bucket-table", table, before)
    return table


@transaction.atomic
def save_risk_table(
    *, actor: Actor, table_id: int | None, effective_from: date, source: str, worst_spreads: bool, rows: RiskRows
) -> RiskTable:
    """Add a table of risk classes (`table_id` None), or change one that is not in force yet; `rows` are all of it.

    Raises:
        Invalid: a worse class begins at no more days, or accounts already stand under the table of that day.
    """
    check_classes(rows)
    table = _table(RiskTable, table_id, effective_from)
    before = _told_table(table)
    table.source, table.worst_spreads = source, worst_spreads
    table.save()
    table.rows.all().delete()
    RiskRow.objects.bulk_create(RiskRow(table=table, risk_class=name, over_days=days) for name, days in rows)
    _record_table(actor, "risk-table", table, before)
    return table


def check_buckets(rows: BucketRows) -> None:
    """Refuse (Invalid) buckets that do not tile 1…∞ days, or that bear the name of no lateness."""
    if CURRENT_BUCKET in {code for code, _first, _last in rows}:
        raise Invalid(_("%(code)s is the bucket of accounts that are not late.") % {"code": CURRENT_BUCKET})
    try:
        rules.BucketTable(1, tuple(rows))
    except ValueError as error:
        raise Invalid(
            _("The buckets must cover every day from 1 on, once each. %(problem)s") % {"problem": error}
        ) from None


def check_classes(rows: RiskRows) -> None:
    """Refuse (Invalid) classes that are unknown, twice there, normal, or do not grow worse with the days."""
    severity = [RiskClass.SPECIAL_MENTION, RiskClass.SUBSTANDARD, RiskClass.DOUBTFUL, RiskClass.LOSS]
    names = [name for name, _days in rows]
    if not rows or set(names) - {choice.value for choice in severity} or len(set(names)) < len(names):
        raise Invalid(_("Give each class of a late account at most once, and at least one."))
    days = [over for _name, over in sorted(rows, key=lambda row: severity.index(RiskClass(row[0])))]
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise Invalid(_("A worse class must begin at more days past due than a milder one."))


def _check_rule(version: int, effective_from: date, steps: Sequence[str], components: Sequence[str]) -> None:
    for field, got, wanted in (("steps", steps, STEPS), ("components", components, COMPONENTS)):
        if sorted(got) != sorted(wanted):
            raise Invalid(_("Give each of these once, in order: %(wanted)s.") % {"wanted": listed(wanted)}, field)


def _table(model: type[BucketTable] | type[RiskTable], table_id: int | None, effective_from: date) -> Any:
    """The table to write, ready and allowed, its day announced to the late accounts."""
    _keep_off()
    if table_id is None:
        if model._default_manager.filter(effective_from=effective_from).exists():
            raise Conflict(_("There is a table from that day. Change that one instead."))
        table: BucketTable | RiskTable = model(effective_from=effective_from)
    else:
        table = model._default_manager.select_for_update().get(pk=table_id)
    _only_ahead_of_the_book(model._default_manager.all(), table.effective_from)
    _announce(table.effective_from, Standing.objects.all())
    return table


def _keep_off() -> None:
    """Let no posting and no close run beside us: they judge by the terms that they read at their start.

    The close's own table first, so that a close which has begun is seen before anything waits for its accounts. Whoever
    is at work with the whole book (an import, a dry run of the close) is not waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        try:
            cursor.execute("LOCK TABLE runs_dayclose IN SHARE MODE")
            if begun := selectors.begun_day():
                raise Conflict(
                    _("The close of %(day)s has begun. Save this again when it has ended.") % {"day": begun.isoformat()}
                )
            cursor.execute("LOCK TABLE accounts_account IN EXCLUSIVE MODE")
        except OperationalError:
            raise Conflict(_("The book is busy: an import or a close is at work. Save this again later.")) from None
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def _only_ahead_of_the_book(rows: QuerySet[Any], effective_from: date) -> None:
    if Account.objects.exists():
        _only_ahead(rows, effective_from)


def _only_ahead(rows: QuerySet[Any], effective_from: date) -> None:
    """Refuse what would change a day under which accounts stand: up to the open one, and, because the earliest row also
    covers the time before it, up to that row's own."""
    settled = max(filter(None, (selectors.open_day(), rows.aggregate(first=Min("effective_from"))["first"])))
    if effective_from <= settled:
        raise Invalid(
            _(
                "Accounts already stand under what is in force up to %(settled)s, so nothing can be added or changed for"
                " %(day)s. Date it from the next business day on: %(next)s or later."
            )
            % {
                "settled": settled.isoformat(),
                "day": effective_from.isoformat(),
                "next": (settled + timedelta(days=1)).isoformat(),
            },
            "effective_from",
        )


def _only_what_is_not_cached(before: ProductTerms, after: ProductTerms) -> None:
    """Refuse what the accounts' caches already hold for days ahead. `before` is what governs `after`'s day so far."""
    accounts = Account.objects.filter(product_id=after.product_id)
    if after.grace_days != before.grace_days:
        last = accounts.filter(final_due_on__gte=after.effective_from).aggregate(last=Max("final_due_on"))["last"]
        _refuse_until(
            last, "grace_days", _("Accounts of this product have final due dates up to %(last)s, with their grace.")
        )
    if (after.minimum_rule, after.minimum_rate) != (before.minimum_rule, before.minimum_rate):
        last = Bill.objects.filter(
            account__product_id=after.product_id,
            due_on__gte=after.effective_from,
            statement_on__gte=after.effective_from,
            minimum_given=None,
        ).aggregate(last=Max("statement_on"))["last"]
        _refuse_until(last, "minimum_rule", _("Bills of this product are posted up to the statement of %(last)s."))
    counted = ProductTerms.objects.filter(product_id=after.product_id, missed_limit__isnull=False).exists()
    if after.missed_limit is not None and not counted:
        raise Invalid(
            _("Missed bills of this product were not counted so far. Register another product that counts them."),
            "missed_limit",
        )


def _refuse_until(last: date | None, field: str, why: str) -> None:
    if last is not None:
        raise Invalid(
            why % {"last": last.isoformat()} + " " + _("Date this change later, or register another product."), field
        )


def _announce(effective_from: date, standings: QuerySet[Standing]) -> None:
    """Let the close of that day look at every late account that the row may move."""
    standings.filter(Q(next_transition_on__gt=effective_from) | Q(next_transition_on=None)).update(
        next_transition_on=effective_from
    )


def _change(actor: Actor, verb: str, row: Model, values: Mapping[str, Any]) -> None:
    """Write and record `values` where they differ."""
    before = _told(row, values)
    for field, value in values.items():
        setattr(row, field, value)
    after = _told(row, values)
    if after != before:
        row.save(update_fields=list(values))
        record(actor=actor, verb=verb, subject=row, before=before, after=after)


def _told(row: Model, fields: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    return {field: getattr(row, field) for field in fields}


def _told_table(table: BucketTable | RiskTable) -> dict[str, Any] | None:
    if table._state.adding:
        return None
    told: dict[str, Any] = {"effective_from": table.effective_from, "source": table.source}
    if isinstance(table, RiskTable):
        return told | {
            "worst_spreads": table.worst_spreads,
            "rows": [[row.risk_class, row.over_days] for row in table.rows.order_by("over_days")],
        }
    return told | {"rows": [[row.code, row.from_days, row.to_days] for row in table.rows.order_by("from_days")]}


def _record_table(actor: Actor, what: str, table: BucketTable | RiskTable, before: dict[str, Any] | None) -> None:
    after = _told_table(table)
    if after != before:
        verb = f"{what}.added" if before is None else f"{what}.changed"
        record(actor=actor, verb=verb, subject=table, before=before, after=after)
