"""The pure rule of promises against an independent oracle: money is dealt out coin by coin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from cases.rules.promises import Payment, Promised, Verdict, judge, judged_by

MADE = date(2026, 3, 10)


def day(count: int) -> date:
    return MADE + timedelta(days=count)


@st.composite
def promised(draw: st.DrawFn) -> list[Promised]:
    dates = draw(st.lists(st.integers(0, 40), min_size=1, max_size=4, unique=True))
    return [Promised(day(ahead), Decimal(draw(st.integers(1, 6)))) for ahead in sorted(dates)]


PAYMENTS = st.lists(
    st.builds(
        lambda ahead, amount, older: Payment(day(ahead), Decimal(amount), older),
        st.integers(-3, 45),
        st.integers(1, 7),
        st.booleans(),
    ),
    max_size=6,
)
GRACE = st.integers(0, 3)
ON = st.integers(-2, 50).map(day)


def verdict(instalments: Sequence[Promised], payments: Sequence[Payment], grace: int, on: date) -> Verdict:
    return judge(instalments, payments, made_on=MADE, grace_days=grace, on=on)


def oracle(instalments: Sequence[Promised], payments: Sequence[Payment], grace: int, on: date) -> tuple[str, list[str]]:
    """Coins of 1 come in by date and lie down in the first instalment with room. Each is marked with the day it came on.

    An instalment is kept when all its coins and all those before came by its end, partly when some of its own did.
    """
    coins = sorted(
        paid.effective_on
        for paid in payments
        for _ in range(int(paid.amount))
        if paid.effective_on >= MADE + timedelta(days=paid.is_older)
    )
    places = [number for number, one in enumerate(instalments) for _ in range(int(one.amount))]
    lying: list[list[date]] = [[] for _ in instalments]
    for place, coin in zip(places, coins, strict=False):
        lying[place].append(coin)
    statuses = []
    for number, one in enumerate(instalments):
        end = one.due_on + timedelta(days=grace)
        in_time = [coin for coin in lying[number] if coin <= end]
        if len(in_time) == one.amount:
            statuses.append("kept")
        elif on < end:
            statuses.append("open")
        else:
            statuses.append("partly" if in_time else "broken")
    last = instalments[-1].due_on + timedelta(days=grace)
    if "open" in statuses:
        return "open", statuses
    if set(statuses) == {"kept"}:
        return "kept", statuses
    return ("partly" if any(coin <= last for coin in coins) else "broken"), statuses


@given(promised(), PAYMENTS, GRACE, ON)
def test_the_rule_agrees_with_dealing_out_the_money_coin_by_coin(
    instalments: list[Promised], payments: list[Payment], grace: int, on: date
) -> None:
    found = verdict(instalments, payments, grace, on)
    assert (found.status, [one.status for one in found.instalments]) == oracle(instalments, payments, grace, on)


@given(promised(), PAYMENTS, GRACE, ON, st.randoms(use_true_random=False))
def test_the_order_in_which_money_arrives_changes_nothing(
    instalments: list[Promised], payments: list[Payment], grace: int, on: date, chance: object
) -> None:
    shuffled = list(payments)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' random
    assert verdict(instalments, shuffled, grace, on) == verdict(instalments, payments, grace, on)


@given(promised(), PAYMENTS, GRACE, ON, st.integers(0, 5))
def test_splitting_a_payment_changes_nothing(
    instalments: list[Promised], payments: list[Payment], grace: int, on: date, which: int
) -> None:
    assume(which < len(payments) and payments[which].amount > 1)
    whole = payments[which]
    parts = [whole._replace(amount=Decimal(1)), whole._replace(amount=whole.amount - 1)]
    split = [*payments[:which], *parts, *payments[which + 1 :]]
    assert verdict(instalments, split, grace, on) == verdict(instalments, payments, grace, on)


@given(promised(), PAYMENTS, GRACE, ON, st.integers(-9, -1))
def test_money_of_before_the_promise_changes_nothing(
    instalments: list[Promised], payments: list[Payment], grace: int, on: date, before: int
) -> None:
    older = [*payments, Payment(day(before), Decimal(100))]
    assert verdict(instalments, older, grace, on) == verdict(instalments, payments, grace, on)


@given(promised(), PAYMENTS, GRACE, ON, st.integers(0, 45), st.integers(1, 9))
def test_more_money_never_makes_it_worse(
    instalments: list[Promised], payments: list[Payment], grace: int, on: date, ahead: int, amount: int
) -> None:
    better = verdict(instalments, [*payments, Payment(day(ahead), Decimal(amount))], grace, on)
    worse = verdict(instalments, payments, grace, on)
    rank = ["broken", "partly", "kept"].index
    assert better.got >= worse.got
    if "open" not in {better.status, worse.status}:
        assert rank(better.status) >= rank(worse.status)
    else:
        assert better.status in {worse.status, "kept", "partly"}


@given(promised(), PAYMENTS, GRACE, ON)
def test_what_is_judged_stays_judged_as_days_pass(
    instalments: list[Promised], payments: list[Payment], grace: int, on: date
) -> None:
    now, later = (
        verdict(instalments, payments, grace, on),
        verdict(instalments, payments, grace, on + timedelta(days=1)),
    )
    for one, then in zip(now.instalments, later.instalments, strict=True):
        assert one.status in {"open", then.status}
        assert one.got == then.got
    assert now.status in {"open", later.status}
    assert later.status != "open" or any(one.due_on + timedelta(days=grace) > on for one in instalments)


@given(promised(), GRACE)
def test_nothing_paid_is_broken_and_everything_paid_on_the_last_day_of_each_window_is_kept(
    instalments: list[Promised], grace: int
) -> None:
    end = day(99)
    assert verdict(instalments, [], grace, end).status == "broken"
    in_time = [Payment(one.due_on + timedelta(days=grace), one.amount) for one in instalments]
    assert verdict(instalments, in_time, grace, end).status == "kept"
    assert verdict(instalments, in_time, grace, end).broken_on is None
    late = [Payment(paid.effective_on + timedelta(days=1), paid.amount) for paid in in_time]
    assert verdict(instalments, late, grace, end).status != "kept"


def test_everything_paid_but_an_instalment_late_is_partly_kept() -> None:
    instalments = [Promised(day(2), Decimal(100)), Promised(day(9), Decimal(100))]
    found = verdict(instalments, [Payment(day(9), Decimal(200))], 1, day(10))
    assert (found.status, found.got) == ("partly", Decimal(200))
    assert [(one.status, one.got) for one in found.instalments] == [("broken", Decimal(0)), ("kept", Decimal(100))]
    assert found.broken_on == day(3)


def test_late_money_fills_the_instalment_that_it_is_late_for_and_not_the_next() -> None:
    instalments = [Promised(day(2), Decimal(100)), Promised(day(9), Decimal(100))]
    found = verdict(instalments, [Payment(day(5), Decimal(100))], 1, day(10))
    assert (found.status, found.got) == ("partly", Decimal(100))
    assert [one.status for one in found.instalments] == ["broken", "broken"]
    assert found.broken_on == day(10)


DAY = st.integers(-2, 50).map(day)


@given(promised(), PAYMENTS, GRACE, DAY, DAY, st.none() | DAY)
def test_while_what_is_promised_is_disputed_as_paid_no_window_ends_and_afterwards_all_do(
    instalments: list[Promised], payments: list[Payment], grace: int, on: date, said: date, before: date | None
) -> None:
    meanwhile = judged_by(on, made_on=MADE, judged_on=before, disputed_from=said)
    judged = verdict(instalments, payments, grace, meanwhile)
    for one, part in zip(judged.instalments, instalments, strict=True):
        end = part.due_on + timedelta(days=grace)
        if end >= said and (before is None or end > before):
            assert one.status in ("open", "kept")
    answered = judged_by(on, made_on=MADE, judged_on=meanwhile, disputed_from=None)
    never = judged_by(on, made_on=MADE, judged_on=before, disputed_from=None)
    assert max(answered, meanwhile) == answered
    assert verdict(instalments, payments, grace, answered) == verdict(instalments, payments, grace, never)
