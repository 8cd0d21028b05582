"""manage.py explain_standing: the reasons, and nothing but what the standing says."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Payment, ProductTerms
from accounts.rules import money, to_date
from accounts.selectors.explain import explain
from accounts.services import posting
from audit.services import SystemActor
from runs import clock
from tests.accounts.test_standing_examples import TABLES
from tests.accounts.worked_examples import import_examples
from tests.importing.books import Folder, import_book

pytestmark = pytest.mark.django_db


def told(account: Account | str, *options: str) -> str:
    out = io.StringIO()
    call_command("explain_standing", str(account), *options, stdout=out)
    return out.getvalue()


def test_the_explanation_of_every_worked_example_agrees_with_its_table(tmp_path: Path) -> None:
    accounts = import_examples(tmp_path / "book")
    for title, (_account, rows) in TABLES.items():
        for row in rows:
            known_at = datetime.fromisoformat(row.known_at) if row.known_at else None
            found = explain(accounts[title], as_of=date.fromisoformat(row.as_of), known_at=known_at)
            expected = row.expected()
            assert to_date(found.how_late.overdue_since) == expected.overdue_since
            assert found.how_late.days_past_due == expected.days_past_due
            assert money(found.how_late.overdue_amount) == expected.overdue_amount
            # The parts add up to the whole.
            assert sum(bill.lacks for bill in found.unmet) == expected.overdue_amount
            if expected.overdue_since:
                assert min(bill.late_from for bill in found.unmet if bill.late_from) == expected.overdue_since
                calendar = (found.as_of - expected.overdue_since).days
                assert calendar - found.days_off == expected.days_past_due
                assert f"bucket {expected.bucket}" in found.summary
            else:
                assert "is not late" in found.summary


SITUATIONS = {
    "one cent short of the minimum": (
        ["--as-of", "2026-02-24"],
        [
            "overdue since 2026-01-25, 30 days past due, bucket M1, Single period, Special mention; 0.01 makes it current.",
            "due 2026-01-25, is unmet: of 1,000.00 it asks at least 100.00, got 99.99 and lacks 0.01; late from 2026-01-25.",
            "of 99.99, effective 2026-01-25, met bill A2-B1 with 99.99 (Principal 99.99).",
            "lie 30 days, and no deferral covers any.",
            "Kind “Single period”: one bill is unmet.",
            "Bucket M1: 30 days past due by the table in force since 2000-01-01.",
            "allocation version 1.",
        ],
    ),
    "minimum dues come first": (
        ["--as-of", "2026-02-20"],
        [
            "is not late at the end of 2026-02-20",
            "met bill A3-B1 with 100.00 (Principal 100.00), bill A3-B2 with 80.00 (Principal 80.00).",
            "1 bill takes no part: its statement date had not come.",
        ],
    ),
    "money before the bill waits as credit, then flows to the rest of bill 1": (
        ["--as-of", "2026-01-04"],
        ["of 150.00, effective 2026-01-01, waits as credit.", "No bill has reached its statement date."],
    ),
    "two unmet bills, then over ninety days": (
        ["--as-of", "2026-04-26"],
        [
            "There is no payment.",
            "Kind “Several periods”: 3 bills are unmet.",
            "Class “Substandard”: over 90 days past due by the table in force since 2000-01-01.",
        ],
    ),
    "after the final due date every rest is due": (
        ["--as-of", "2026-03-26"],
        [
            "The final due date, 2026-03-25, has passed: all that is left of every bill is due.",
            "is unmet: the final due date has passed, it holds 1,000.00, got 100.00 and lacks 900.00; late from 2026-03-25.",
            "Kind “Whole plan”: the final due date has passed.",
        ],
    ),
    "a deferral counts each day once, and only inside the late time": (
        ["--as-of", "2026-02-20"],
        [
            "The deferral from 2026-01-10 to 2026-01-31 covers 6 late days.",
            "The deferral from 2026-01-30 to 2026-02-04 covers 6 late days.",
            "The hold “No contact” from 2026-02-01 to 2026-02-28 does not stop the days.",
            "lie 26 days; less 10 deferred, each counted once: 16 days past due.",
        ],
    ),
    "a payment effective in January, recorded in March": (
        ["--as-of", "2026-02-10", "--known-at", "2026-02-10T23:59Z"],
        [
            "Told with what was known at 2026-02-11 07:59:00+08:00.",
            "does not count: it was recorded only at 2026-03-02 20:00:00+08:00.",
            "16 days past due",
        ],
    ),
    "paid the minimum of bill 1 on the due date": (
        ["--as-of", "2026-01-26"],
        ["is not late", "is met: of 1,000.00 it asks at least 100.00 and got 100.00."],
    ),
}


def test_the_command_says_why_in_sentences(tmp_path: Path) -> None:
    accounts = import_examples(tmp_path / "book")
    assert SITUATIONS.keys() == TABLES.keys()
    for title, (options, sentences) in SITUATIONS.items():
        text = told(accounts[title], *options)
        for sentence in sentences:
            assert sentence in text, (title, text)


def test_a_reversed_payment_is_told_with_its_reversal(folder: Folder) -> None:
    assert import_book(folder.write().path).status == 0
    posting.reverse_payment(actor=SystemActor("test"), payment_id=Payment.objects.get(ref="P1").pk, reason="bounced")
    text = told("A1", "--as-of", "2026-02-10")
    assert "Payment P1 of 100.00 does not count: it was reversed with effect from 2026-01-24" in text
    before = told("A1", "--as-of", "2026-02-10", "--known-at", "2026-03-02T12:00:00Z")
    assert "met bill B1 with 100.00" in before


def test_grace_is_told(folder: Folder) -> None:
    ProductTerms.objects.filter(product__code="plain").update(grace_days=3)
    assert import_book(folder.only("customers", "accounts", "bills").write().path).status == 0
    assert "is within its grace: it lacks 100.00" in told("A1", "--as-of", "2026-01-28")
    late = told("A1", "--as-of", "2026-01-29")
    assert "4 days past due" in late
    assert "Its 3 days of grace ended on 2026-01-28." in late


def test_late_fees_are_told_with_what_is_not_posted_yet(folder: Folder) -> None:
    """Together they are what the case page calls outstanding: 0.05 % of 1,000.00 a day, for six days and for four."""
    folder.set("accounts", 2, product_code="instalment").set("bills", 2, minimum_due="")
    assert import_book(folder.only("customers", "accounts", "bills").write().path).status == 0
    text = told("A1", "--as-of", "2026-02-04")
    assert "Late fees of 3.00 were posted, 3.00 of them unpaid" in text
    assert "Late fees of 2.00 accrued and wait to be posted; with what was posted, 5.00 is unpaid." in text


def test_without_a_date_it_explains_the_day_the_book_stands_on(folder: Folder) -> None:
    with clock.frozen(datetime(2026, 2, 10, 12, tzinfo=UTC)):
        assert import_book(folder.write().path).status == 0
    assert told("A1").startswith("Account A1 is not late at the end of 2026-02-09")


def test_the_summary_is_the_first_sentence_and_the_details_are_the_rest(folder: Folder) -> None:
    assert import_book(folder.write().path).status == 0
    found = explain(Account.objects.get(ref="A1"), as_of=date(2026, 3, 1))
    assert found.sentences == [found.summary, *found.details]
    assert told("A1", "--as-of", "2026-03-01").splitlines() == found.sentences


def test_an_unknown_account_is_refused_by_name() -> None:
    with pytest.raises(CommandError, match="There is no account A9"):
        call_command("explain_standing", "A9")


def test_a_moment_needs_its_offset() -> None:
    with pytest.raises(CommandError, match="no moment"):
        call_command("explain_standing", "A1", "--known-at", "2026-01-01T00:00")
