"""Disputes: what a reason's terms pause stands still until the answer, and exactly that is let go again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from accounts.errors import Conflict, Invalid
from accounts.models import Hold
from accounts.services import customers
from accounts.services.holds import lift_hold, place_hold
from audit.models import Event
from audit.services import SystemActor
from cases.errors import StaleScreen
from cases.models import Case, Dispute, DisputeTerms
from cases.services.disputes import close_dispute, open_dispute
from compliance.selectors import look
from runs import clock
from runs.texts import coded, reason_in_words
from tests.cases.promise_deeds import at, days, everything_agrees, late_account
from tests.factories import UserFactory

ACTOR = SystemActor("test")
TODAY = date(2026, 3, 10)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with clock.frozen(datetime(2026, 3, 10, 4, 0, tzinfo=UTC)):
        yield


def dispute(reason: str = "paid", statement: str = "Paid it in February", **options: object) -> Dispute:
    case = Case.objects.get()
    values = {"actor": UserFactory(), "case_id": case.pk, "seen_version": case.version} | options
    return open_dispute(reason=reason, statement=statement, **values)


def close(opened: Dispute, status: str = "rejected", answer: str = "No payment came in.", **options: object) -> Dispute:
    values = {"actor": UserFactory(), "seen_version": Case.objects.get().version} | options
    return close_dispute(dispute_id=opened.pk, status=status, answer=answer, **values)


def held() -> set[tuple[str, str]]:
    """(account, kind) of every hold that nobody withdrew."""
    return set(Hold.objects.filter(withdrawn_at=None, ends_on=None).values_list("account__ref", "kind"))


def test_a_dispute_of_everything_pauses_every_late_account_as_its_reason_says_and_the_case_waits() -> None:
    account = late_account()
    late_account("A2", customer_id=account.customer_id)
    opened = dispute("fraud")
    assert held() == {(ref, kind) for ref in ("A1", "A2") for kind in ("contact", "fees", "treatment")}
    assert set(opened.holds.values_list("pk", flat=True)) == set(Hold.objects.values_list("pk", flat=True))
    assert {(hold.starts_on, hold.ends_on) for hold in Hold.objects.all()} == {(TODAY, None)}
    why = Hold.objects.first().reason
    assert (why, reason_in_words(why)) == (
        coded("dispute-opened", opened.pk, "fraud"),
        f"Dispute {opened.pk}: Fraud or identity theft",
    )
    with translation.override("zh-hans"):
        assert reason_in_words(why) == f"争议 {opened.pk}：欺诈或身份盗用"
    assert reason_in_words("Dispute 7: Fraud") == "Dispute 7: Fraud"
    assert opened.due_on == TODAY + timedelta(days=20)
    assert Case.objects.get().wait_for == "dispute"
    assert Event.objects.get(verb="dispute.opened").after == {
        "reason": "fraud",
        "due_on": "2026-03-30",
        "pauses": ["contact", "fees", "treatment"],
    }
    everything_agrees()


def test_the_gate_refuses_to_contact_about_what_is_in_dispute_until_it_is_closed() -> None:
    account = late_account()
    customers.add_contact_point(
        actor=ACTOR, customer_id=account.customer_id, kind="mobile", value="13800002046", source="contract",
        relationship="own", permitted=True, verification="verified",
    )  # fmt: skip

    def verdicts() -> list[tuple[bool, str]]:
        looked = look(customer_id=account.customer_id, account_id=account.pk)
        return [(one.verdict.allowed, one.verdict.rule) for one in looked]

    assert [allowed for allowed, _ in verdicts()] == [True]
    opened = dispute("paid")
    assert verdicts() == [(False, "hold")]
    close(opened)
    assert [allowed for allowed, _ in verdicts()] == [True]


def test_a_dispute_of_one_account_pauses_that_one_alone() -> None:
    account = late_account()
    other = late_account("A2", customer_id=account.customer_id)
    dispute("amount", account_id=other.pk)
    assert held() == {("A2", "fees"), ("A2", "treatment")}


def test_the_terms_are_those_in_force_today_and_a_reason_without_its_own_has_those_of_all_others() -> None:
    late_account()
    DisputeTerms.objects.create(reason="paid", pauses=["contact"], answer_days=5, effective_from=TODAY, source="test")
    DisputeTerms.objects.create(reason="paid", pauses=[], answer_days=9, effective_from=days(1), source="test")
    assert dispute("paid").due_on == days(5)
    assert held() == {("A1", "contact")}
    assert dispute("agreed-otherwise").due_on == days(20)


@pytest.mark.parametrize("status", ["upheld", "partly", "rejected", "withdrawn"])
def test_closing_lifts_the_disputes_holds_from_today_and_no_others(status: str) -> None:
    account = late_account()
    opened = dispute("fraud")
    own = place_hold(actor=ACTOR, account_id=account.pk, kind="fees", starts_on=TODAY, reason="goodwill")
    with clock.frozen(at(days(3))):
        closed = close(opened, status)
    assert (closed.status, closed.answer, closed.closed_by_name) == (status, "No payment came in.", "Lin")
    assert held() == {("A1", "fees")}
    own.refresh_from_db()
    assert own.withdrawn_at is None
    over = Hold.objects.filter(withdrawn_at=None).exclude(pk=own.pk)
    assert {(hold.kind, hold.ends_on) for hold in over} == {
        (kind, days(2)) for kind in ("contact", "fees", "treatment")
    }
    assert Case.objects.get().wait_for == ""
    event = Event.objects.get(verb="dispute.closed")
    assert (event.before, event.after) == ({"status": "open"}, {"status": status})
    everything_agrees()


def test_a_dispute_closed_on_its_first_day_leaves_no_hold_behind() -> None:
    late_account()
    close(dispute("fraud"))
    assert not Hold.objects.filter(withdrawn_at=None).exists()


def test_a_hold_of_the_dispute_that_was_lifted_by_hand_is_passed_over() -> None:
    late_account()
    opened = dispute("paid")
    contact = opened.holds.get(kind="contact")
    with clock.frozen(at(days(4))):
        lift_hold(actor=ACTOR, hold_id=contact.pk, last_day=days(1), reason="The debtor asked to be called")
        close(opened)
    assert set(Hold.objects.filter(withdrawn_at=None).values_list("kind", "ends_on")) == {
        ("contact", days(1)),
        ("treatment", days(3)),
    }


def test_the_same_is_not_in_dispute_twice_for_the_same_reason() -> None:
    account = late_account()
    other = late_account("A2", customer_id=account.customer_id)
    first = dispute("paid", account_id=account.pk)
    with pytest.raises(Conflict, match=r"Already paid.*2026-03-10"):
        dispute("paid", account_id=account.pk)
    with pytest.raises(Conflict):
        dispute("paid")
    dispute("paid", account_id=other.pk)
    dispute("amount", account_id=account.pk)
    close(first)
    dispute("paid", account_id=account.pk)


def test_a_dispute_of_everything_covers_each_account() -> None:
    account = late_account()
    dispute("paid")
    with pytest.raises(Conflict):
        dispute("paid", account_id=account.pk)


@pytest.mark.parametrize(
    ("options", "field"),
    [({"reason": "mood"}, "reason"), ({"statement": "  "}, "statement"), ({"statement": "x" * 4001}, "statement"),
     ({"account_id": 0}, "account"), ({"contact_id": 77}, "contact")],
)  # fmt: skip
def test_what_is_wrong_is_refused_at_its_field_and_holds_nothing(options: dict[str, object], field: str) -> None:
    late_account()
    with pytest.raises(Invalid) as refused:
        dispute(**options)
    assert refused.value.field == field
    assert not Hold.objects.exists()
    assert not Dispute.objects.exists()


def test_closing_asks_for_an_outcome_and_an_answer_and_is_done_once() -> None:
    late_account()
    opened = dispute()
    for options, field in (({"status": "open"}, "status"), ({"status": "?"}, "status"), ({"answer": " "}, "answer")):
        with pytest.raises(Invalid) as refused:
            close(opened, **options)
        assert refused.value.field == field
    close(opened, "upheld")
    with pytest.raises(Conflict, match="Upheld, by Lin"):
        close(opened)


def test_a_stale_screen_is_refused_both_ways() -> None:
    late_account()
    seen = Case.objects.get().version
    opened = dispute()
    for act in (lambda: dispute("amount", seen_version=seen), lambda: close(opened, seen_version=seen)):
        with pytest.raises(StaleScreen, match="Dispute opened"):
            act()
