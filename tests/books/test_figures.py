"""The figures of the real accounts, and how well made rows follow them."""

from __future__ import annotations

from collections import Counter

import pytest

from accounts.models import Account, Customer, Standing
from accounts.selectors.verify import account_range, differences
from audit.services import SystemActor
from delinquency.books.demo_book import load_demo_book
from delinquency.books.figures import GROUPS, group_of, made_rows, measure, place_of, read_figures, shares_of
from delinquency.books.uci import CardRow, read_rows
from delinquency.close_of_day import close_day
from runs import clock
from tests.books.test_uci import real_file  # noqa: F401  # a fixture

FIGURES = read_figures()


@pytest.fixture(scope="module")
def rows() -> list[CardRow]:
    return list(made_rows(FIGURES, 5_000, 2005))


def test_the_figures_are_those_of_the_file(real_file) -> None:  # noqa: F811
    assert measure(list(read_rows(real_file))) == FIGURES


def test_the_same_seed_makes_the_same_rows_and_another_seed_others() -> None:
    assert list(made_rows(FIGURES, 50, 1)) == list(made_rows(FIGURES, 50, 1)) != list(made_rows(FIGURES, 50, 2))


def test_made_limits_follow_the_figures(rows: list[CardRow]) -> None:
    limits = sorted(row.limit for row in rows)
    for part in (0.1, 0.25, 0.5, 0.75, 0.9):
        wanted = FIGURES.limits[round(part * 40)]
        assert limits[int(part * len(limits))] == pytest.approx(wanted, rel=0.1)


def test_made_months_late_follow_the_figures(rows: list[CardRow]) -> None:
    first = Counter(group_of(row.statuses[0]) for row in rows)
    moves = Counter(pair for row in rows for pair in zip(row.statuses, row.statuses[1:], strict=False))
    for group in GROUPS:
        assert first[group] / len(rows) == pytest.approx(FIGURES.first.get(str(group), 0), abs=0.02)
    for before in (-2, -1, 0, 2):
        total = sum(n for (one, _), n in moves.items() if one == before)
        for after, share in FIGURES.moves[str(before)].items():
            assert moves[before, int(after)] / total == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("group", [-1, 0, 2])
def test_made_balances_and_payments_follow_the_figures(rows: list[CardRow], group: int) -> None:
    shares = shares_of(rows)
    for part in (0.25, 0.5, 0.75, 0.9):
        balances = shares.balances[group]
        place = place_of(FIGURES.balance_shares[str(group)], balances[int(part * len(balances))])
        assert place == pytest.approx(part, abs=0.05)
    # The share paid is at the place where the figures have it, give or take those who must have paid more.
    paid = shares.paid[group]
    for part in (0.25, 0.5, 0.75):
        wanted = FIGURES.paid_shares[str(group)][round(part * 40)]
        assert paid[int(part * len(paid))] == pytest.approx(wanted, abs=0.07)


@pytest.mark.django_db
def test_the_demo_book_is_loaded_once_and_agrees_with_its_ledger() -> None:
    counts = load_demo_book(accounts=200)
    assert counts is not None
    assert counts["account"] == 200 == Account.objects.count()
    assert set(Customer.objects.values_list("origin", flat=True)) == {"made"}
    assert list(differences(*account_range())) == []


@pytest.mark.django_db
def test_about_as_many_of_the_demos_customers_are_late_as_of_the_banks() -> None:
    load_demo_book(accounts=600)
    close_day(actor=SystemActor("test"), through=clock.today())
    late_at_the_bank = sum(share for status, share in FIGURES.first.items() if int(status) > 0)
    assert Standing.objects.count() / 600 == pytest.approx(late_at_the_bank, abs=0.12)
    # Some for a day, some for months.
    assert len(set(Standing.objects.values_list("bucket", flat=True))) >= 3
    assert load_demo_book(accounts=200) is None
