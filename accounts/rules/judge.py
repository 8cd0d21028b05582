"""How late an account stands, given what is on its bills: the second half of `standing`, also run on the cached replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from accounts.rules.facts import Acceleration, Hold, Watch
from accounts.rules.fees import covered_days
from accounts.rules.states import BillState, is_unmet
from accounts.rules.terms import CURRENT_BUCKET, NORMAL, Terms, in_force, worst_class

SINGLE, MULTIPLE, FULL = "single", "multiple", "full"
# Over so many days past due one missed period counts as several (architecture, section 2).
MULTIPLE_OVER_DAYS = 90

T = TypeVar("T", Hold, Watch, Acceleration)


@dataclass(frozen=True, slots=True)
class HowLate:
    """The standing of one account at the end of a day.

    Days are ordinals, the amount in cents. On a later day before `next_transition_on` the days past due are
    `(clock_stopped_on or that day) - clock_from_on`, and everything else is unchanged unless an entry arrives.

    `beside_*`: while a hold is about some bills alone, what is overdue beside them, since when, and from when its days count;
    None where there is none.
    """

    as_of: int
    overdue_since: int | None = None
    late_on: int | None = None
    days_past_due: int = 0
    bucket: str = CURRENT_BUCKET
    kind: str = ""
    risk_class: str = NORMAL
    overdue_amount: int = 0
    clock_from_on: int | None = None
    clock_stopped_on: int | None = None
    beside_amount: int | None = None
    beside_since: int | None = None
    beside_from_on: int | None = None
    next_transition_on: int | None = None
    unmet: tuple[int, ...] = ()

    @property
    def late(self) -> bool:
        return self.overdue_since is not None


def judge(
    terms: Terms, bills: Sequence[BillState], holds: Sequence[Hold], as_of: int, watches: Sequence[Watch] = ()
) -> HowLate:
    """Judge an account at the end of `as_of` from the state of its bills.

    `bills` are all those that take part and have anything left or were missed; fully paid ones change nothing.
    `holds` and `watches` are those believed (see `believed`). Of holds only deferrals matter, and those of some bills alone,
    which touch nothing but what is told to be overdue beside these; a watch touches nothing but the class.
    """
    how_late = _judge(terms, bills, holds, as_of)
    return _watched(how_late, watches) if watches else how_late


def _watched(how_late: HowLate, watches: Sequence[Watch]) -> HowLate:
    """The class no better than the floor of any watch that runs; the account is looked at where one begins or ends."""
    day, following = how_late.as_of, how_late.next_transition_on
    floors, edges = [], [] if following is None else [following]
    for watch in watches:
        if watch.starts_on > day:
            edges.append(watch.starts_on)
        elif watch.ends_on is None or watch.ends_on >= day:
            floors.append(watch.floor)
            if watch.ends_on is not None:
                edges.append(watch.ends_on + 1)
    return replace(
        how_late,
        risk_class=worst_class((how_late.risk_class, *floors)),
        next_transition_on=min(edges, default=None),
    )


def _judge(terms: Terms, bills: Sequence[BillState], holds: Sequence[Hold], as_of: int) -> HowLate:
    final_passes_on = terms.final_passes_on()
    final_passed = final_passes_on is not None and as_of >= final_passes_on
    # An account that is not late, as most are not, is told from this alone.
    asking = [state for state in bills if state.capacity > state.allocated]
    unmet = [state for state in asking if is_unmet(state, final_passes_on, as_of)]
    if not unmet:
        return HowLate(as_of, next_transition_on=_next_while_current(asking, final_passes_on, as_of))

    passed = terms.final_due_on if final_passed else None
    since, amount = _since(unmet, passed), _amount(unmet, passed)
    if final_passed:
        assert final_passes_on is not None
        late_on = min(min(state.missed_on, final_passes_on) if state.short else final_passes_on for state in unmet)
    else:
        late_on = min(state.missed_on for state in unmet)

    deferrals = [hold for hold in holds if hold.kind == "deferral"]
    days_past_due = as_of - since - (covered_days(deferrals, since + 1, as_of) if deferrals else 0)
    # While a deferral covers the day the clock stands at the last day before its unbroken stretch.
    stopped_on = _stretch_begins(deferrals, since, as_of)
    missed = _missed_in_twelve_months(terms, bills, final_passes_on, as_of)
    partial = [hold for hold in holds if hold.covers is not None]
    limit = terms.on(as_of).missed_limit
    if final_passed:
        kind = FULL
    elif len(unmet) >= 2 or days_past_due > MULTIPLE_OVER_DAYS or (limit is not None and len(missed) > limit):
        kind = MULTIPLE
    else:
        kind = SINGLE
    how_late = HowLate(
        as_of=as_of,
        overdue_since=since,
        late_on=late_on,
        days_past_due=days_past_due,
        bucket=in_force(terms.buckets, as_of).bucket(days_past_due),
        kind=kind,
        risk_class=in_force(terms.risks, as_of).risk_class(days_past_due),
        overdue_amount=amount,
        clock_from_on=(as_of if stopped_on is None else stopped_on) - days_past_due,
        clock_stopped_on=stopped_on,
        next_transition_on=_next_while_late(
            *(terms, bills, [*deferrals, *partial], final_passes_on, as_of),
            *(days_past_due if stopped_on is None else None, missed),
        ),
        unmet=tuple(state.key for state in unmet),
    )
    in_force_now = [hold.covers for hold in partial if hold.covers is not None and hold.in_force(as_of)]
    if not in_force_now:
        return how_late
    beside = [state for state in unmet if not any(state.key in covered for covered in in_force_now)]
    return _with_beside(how_late, beside, passed, deferrals)


def _with_beside(
    how_late: HowLate, beside: Sequence[BillState], passed: int | None, deferrals: Sequence[Hold]
) -> HowLate:
    """What is overdue beside what holds in force are about; its days stand still while those of the account do."""
    if not beside:
        return replace(how_late, beside_amount=0)
    since, as_of = _since(beside, passed), how_late.as_of
    days = as_of - since - (covered_days(deferrals, since + 1, as_of) if deferrals else 0)
    stands_on = as_of if how_late.clock_stopped_on is None else how_late.clock_stopped_on
    return replace(how_late, beside_amount=_amount(beside, passed), beside_since=since, beside_from_on=stands_on - days)


def _since(unmet: Sequence[BillState], passed: int | None) -> int:
    """The earliest day from which one of them is late; `passed`: the final due date, once it is over."""
    if passed is None:
        return min(state.due_on for state in unmet)
    return min(_late_from_after_final(state, passed) for state in unmet)


def _amount(unmet: Sequence[BillState], passed: int | None) -> int:
    """What makes them current; `passed`: the final due date, once it is over."""
    return sum(state.short if passed is None else state.left for state in unmet)


def believed(facts: Sequence[T], known_micros: int | None) -> list[T]:
    """The holds, watches or accelerations that count: as known at the moment, or, without one, those not withdrawn."""
    if known_micros is None:
        return [fact for fact in facts if fact.withdrawn is None]
    return [
        fact
        for fact in facts
        if fact.known <= known_micros and (fact.withdrawn is None or fact.withdrawn > known_micros)
    ]


def accelerated(terms: Terms, accelerations: Sequence[Acceleration], known_micros: int | None) -> Terms:
    """The terms with the final due date in force: the earliest of the account's own and of what called it due."""
    days = [fact.due_on for fact in believed(accelerations, known_micros)]
    if not days:
        return terms
    if terms.final_due_on is not None:
        days.append(terms.final_due_on)
    return replace(terms, final_due_on=min(days))


def _stretch_begins(deferrals: Sequence[Hold], since: int, as_of: int) -> int | None:
    """The last day of the debt before the unbroken stretch of deferrals that covers `as_of`; None when none does."""
    day = as_of
    while day > since:
        begins = [
            hold.starts_on
            for hold in deferrals
            if hold.starts_on <= day and (hold.ends_on is None or hold.ends_on >= day)
        ]
        if not begins:
            break
        day = max(min(begins) - 1, since)
    return None if day == as_of else day


def _late_from_after_final(state: BillState, final_due_on: int) -> int:
    """A bill whose minimum was met is late from the final due date; one short of it from its own, if that came first."""
    return min(state.due_on, final_due_on) if state.short else final_due_on


def _missed_in_twelve_months(
    terms: Terms, bills: Sequence[BillState], final_passes_on: int | None, as_of: int
) -> list[int]:
    """First late days of the bills missed in the twelve months to `as_of`.

    A bill whose day came after its account was last replayed carries no mark yet; nothing was allocated since, so it was
    missed exactly if it is unmet now.
    """
    if not terms.counts_missed():
        return []
    behind = _year_before(as_of)
    return [
        state.missed_on
        for state in bills
        if behind < state.missed_on <= as_of
        and (state.missed if state.missed is not None else is_unmet(state, final_passes_on, state.missed_on))
    ]


def _next_while_current(asking: Sequence[BillState], final_passes_on: int | None, as_of: int) -> int | None:
    days = [state.missed_on for state in asking if state.missed_on > as_of and state.short]
    if asking and final_passes_on is not None and final_passes_on > as_of:
        days.append(final_passes_on)
    return min(days, default=None)


def _next_while_late(
    terms: Terms,
    bills: Sequence[BillState],
    holds: Sequence[Hold],
    final_passes_on: int | None,
    as_of: int,
    days_past_due: int | None,
    missed: Sequence[int],
) -> int | None:
    """The first day after `as_of` on which the standing can change by itself. Too early costs a look, too late is a lie.

    `days_past_due` None: the clock stands still.
    """
    days = [state.missed_on for state in bills if state.missed_on > as_of and state.short]
    if final_passes_on is not None and final_passes_on > as_of:
        days.append(final_passes_on)
    for table in (terms.rows, terms.buckets, terms.risks):
        days += [row.effective_from for row in table if row.effective_from > as_of]
    for hold in holds:
        if hold.starts_on > as_of:
            days.append(hold.starts_on)
        if hold.ends_on is not None and hold.ends_on >= as_of:
            days.append(hold.ends_on + 1)
    if days_past_due is not None:
        # Without a deferral in between, the clock reaches a threshold so many days from now; with one, its edges come first.
        thresholds = [
            MULTIPLE_OVER_DAYS + 1,
            *in_force(terms.buckets, as_of).thresholds(),
            *in_force(terms.risks, as_of).thresholds(),
        ]
        days += [as_of + threshold - days_past_due for threshold in thresholds if threshold > days_past_due]
    # A missed bill leaves the twelve months.
    days += [_leaves_twelve_months(missed_on) for missed_on in missed]
    return min(days, default=None)


def _year_before(ordinal: int) -> int:
    at = date.fromordinal(ordinal)
    try:
        return at.replace(year=at.year - 1).toordinal()
    except ValueError:  # 29 February
        return at.replace(year=at.year - 1, day=28).toordinal()


def _leaves_twelve_months(missed_on: int) -> int:
    """The first day whose twelve months no longer reach `missed_on`."""
    at = missed_on + 365
    while _year_before(at) < missed_on:
        at += 1
    return at
