"""Payments that match no account wait, are matched by a person or given back; each file's control total adds up."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from accounts.errors import Conflict, Invalid
from accounts.models import Account, Payment, PaymentFile, UnmatchedPayment
from accounts.selectors.verify import account_range, differences
from accounts.services.unmatched import give_back, match
from audit.models import Event
from desk.selectors import suggestions
from desk.totals import Totals, of_files
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.importing.books import Folder
from tests.importing.test_large_and_concurrent import imported
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path) -> Folder:
    """A good book, and a payment for an account that nobody knows."""
    made = Folder(tmp_path / "book")
    made.add("payments", "X1", "a-1", "70.50", "2026-02-20", "", "bank")
    return made


@pytest.fixture
def clerk(db: None):
    return UserFactory(role="data-entry", team=None, display_name="Wu")


@pytest.fixture
def waiting(folder: Folder) -> UnmatchedPayment:
    report = imported(folder.write())
    assert report.ok
    return UnmatchedPayment.objects.get()


def control() -> tuple[PaymentFile, Totals]:
    (found,) = of_files([PaymentFile.objects.latest("pk")])
    return found


def test_it_waits_instead_of_being_refused_and_is_nobodys(folder) -> None:
    report = imported(folder.write())
    payments = report.files[4]
    assert (report.ok, payments.waiting) == (True, 1)
    assert payments.rows == payments.new + payments.unchanged + payments.waiting
    row = UnmatchedPayment.objects.get()
    assert (row.ref, row.account_ref, row.amount, row.status) == ("X1", "a-1", Decimal("70.50"), "waiting")
    assert not Payment.objects.filter(ref="X1").exists()
    file, total = control()
    assert (file.waiting, total.difference) == (1, 0)


def test_again_changes_nothing_and_otherwise_it_is_refused(folder, waiting) -> None:
    report = imported(folder.write())
    assert (report.ok, report.new_rows, report.files[4].waiting) == (True, 0, 0)
    assert UnmatchedPayment.objects.count() == 1
    file, total = control()
    assert (total.known_number, total.known) == (file.received, file.received_amount)
    folder.files["payments"][-1][2] = "71.00"
    report = imported(folder.write())
    assert [(one.column, one.value) for one in report.problems] == [("payment_ref", "X1")]
    file, total = control()
    assert (total.refused_number, total.posted_number, total.difference) == (file.received, 0, 0)


def test_a_dry_run_keeps_nothing(folder) -> None:
    assert imported(folder.write(), dry_run=True).files[4].waiting == 1
    assert not UnmatchedPayment.objects.exists()
    assert not PaymentFile.objects.exists()


def test_bills_of_no_known_account_are_still_refused(folder) -> None:
    folder.add("bills", "BX", "nobody", "2026-01-05", "2026-01-25", "10.00", "", "", "")
    assert not imported(folder.write()).ok
    assert not UnmatchedPayment.objects.exists()


def test_matched_it_is_a_payment_from_the_day_on_which_it_arrived(folder, waiting, clerk) -> None:
    assert [(one.account.ref, one.why) for one in suggestions(waiting, clerk)] == [("A1", "by the reference")]
    payment = match(actor=clerk, unmatched_id=waiting.pk, account_ref=" A1 ", reason="Same name on the transfer")
    assert (payment.ref, payment.amount, payment.effective_on, payment.recorded_at) == (
        "X1",
        waiting.amount,
        waiting.effective_on,
        waiting.recorded_at,
    )
    waiting.refresh_from_db()
    assert (waiting.status, waiting.payment, waiting.decided_by_name) == ("matched", payment, str(clerk))
    _file, total = control()
    assert (total.matched, total.waiting, total.difference) == (waiting.amount, 0, 0)
    assert list(differences(*account_range())) == []
    assert Event.objects.get(verb="unmatched-payment.matched").account_id == payment.account_id
    assert imported(folder.write()).ok, "the same file again changes nothing"
    with pytest.raises(Conflict, match="X1 is “Matched”"):
        give_back(actor=clerk, unmatched_id=waiting.pk, reason="x")


def test_exactly_that_is_overdue(waiting, clerk) -> None:
    account = Account.objects.filter(standing__isnull=False).first()
    assert account is not None
    waiting.amount, waiting.account_ref = account.standing.overdue_amount, "?"
    assert [(one.account, one.why) for one in suggestions(waiting, clerk)] == [(account, "exactly that is overdue")]


def test_who_may_not_and_what_makes_no_sense(waiting, clerk) -> None:
    with pytest.raises(PermissionDenied):
        match(actor=UserFactory(), unmatched_id=waiting.pk, account_ref="A1", reason="x")
    with pytest.raises(Invalid, match="There is no account “Z9”"):
        match(actor=clerk, unmatched_id=waiting.pk, account_ref="Z9", reason="x")
    with pytest.raises(Invalid, match="no account “A1”"):
        match(actor=UserFactory(role="supervisor"), unmatched_id=waiting.pk, account_ref="A1", reason="x")
    with pytest.raises(Invalid, match="Say why"):
        match(actor=clerk, unmatched_id=waiting.pk, account_ref="A1", reason=" ")
    assert not Payment.objects.filter(ref="X1").exists()


def test_what_arrived_and_what_was_decided_stay(waiting, clerk) -> None:
    with pytest.raises(DatabaseError, match="may not be changed"), transaction.atomic():
        UnmatchedPayment.objects.filter(pk=waiting.pk).update(amount=1)
    give_back(actor=clerk, unmatched_id=waiting.pk, reason="Unknown sender")
    _file, total = control()
    assert (total.returned, total.difference) == (waiting.amount, 0)
    with pytest.raises(DatabaseError, match="stays so"), transaction.atomic():
        UnmatchedPayment.objects.filter(pk=waiting.pk).update(status="waiting")
    with pytest.raises(DatabaseError), transaction.atomic():
        PaymentFile.objects.update(received=0)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_decide_at_once_one_does(waiting, clerk) -> None:
    def tried(work: Callable[[], object]) -> Callable[[], str]:
        def run() -> str:
            try:
                work()
            except Conflict:
                return "conflict"
            return "done"

        return run

    jobs = [
        tried(lambda ref=ref: match(actor=clerk, unmatched_id=waiting.pk, account_ref=ref, reason="Hers"))
        for ref in Account.objects.values_list("ref", flat=True)
    ]
    jobs += [tried(lambda: give_back(actor=clerk, unmatched_id=waiting.pk, reason="x"))] * 2
    found = at_once(jobs)
    assert sorted(found) == ["conflict"] * (len(jobs) - 1) + ["done"]
    assert Payment.objects.filter(ref="X1").count() == (UnmatchedPayment.objects.get().status == "matched")
    assert list(differences(*account_range())) == []


def test_on_the_pages(waiting, clerk) -> None:
    desk = signed_in(clerk)
    assert "X1" in desk.get("/payments/unmatched/").content.decode()
    page = desk.get(f"/payments/unmatched/{waiting.pk}/").content.decode()
    assert "by the reference" in page
    address = f"/payments/unmatched/{waiting.pk}/"
    answer = desk.post(address, {"verb": "match", "match-account": "Z9", "match-reason": "Typed"})
    assert answer.status_code == 422
    assert "Typed" in answer.content.decode()
    assert "There is no account" in answer.content.decode()
    assert desk.post(address, {"verb": "nonsense"}).status_code == 400
    answer = desk.post(address, {"verb": "match", "match-account": "A1", "match-reason": "Hers"}, follow=True)
    assert "Payment X1 is posted on account A1" in answer.content.decode()
    assert "No payment waits" in answer.content.decode()
    assert "70.50" in desk.get("/payments/files/").content.decode()
    assert "Hers" in desk.get(address).content.decode()
