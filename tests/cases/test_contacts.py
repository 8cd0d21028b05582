"""Contacting a customer from her case: the gate first, the number only then, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.errors import Conflict, Invalid
from audit.models import Event
from cases.errors import StaleScreen
from cases.models import Case
from cases.selectors.due import due
from cases.services import contacts
from compliance.models import Contact, ContactDecision
from compliance.services.flags import place_flag
from runs import clock
from tests.factories import MOMENT, AccountFactory, CaseFactory, ContactPointFactory, DecisionFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai


@pytest.fixture
def now():
    with clock.frozen(MOMENT):
        yield MOMENT


@pytest.fixture
def lin(now):
    return UserFactory()


@pytest.fixture
def case(now) -> Case:
    found = CaseFactory()
    ContactPointFactory(customer=found.customer, kind="mobile", clear="13800002046")
    return found


def ask(lin, case: Case, **fields):
    point = case.customer.contact_points.earliest("pk")
    return contacts.ask_to_contact(
        **({"actor": lin, "case_id": case.pk, "contact_point_id": point.pk, "channel": "voice", "purpose": "collection"}
           | fields)
    )  # fmt: skip


def test_an_allowing_answer_brings_the_number_and_that_it_was_seen_is_recorded(lin, case) -> None:
    answer = ask(lin, case)
    assert (answer.decision.allowed, answer.number) == (True, "13800002046")
    event = Event.objects.get(verb="contact-point.revealed")
    assert (event.actor_id, event.customer_id) == (lin.pk, case.customer_id)
    assert event.reason == f"voice, decision {answer.decision.pk}"


def test_a_refusal_is_an_answer_and_brings_no_number(lin, case) -> None:
    with clock.frozen(NIGHT):
        answer = ask(lin, case)
    assert (answer.decision.allowed, answer.number) == (False, None)
    assert ContactDecision.objects.filter(allowed=False).count() == 1
    assert not Event.objects.filter(verb="contact-point.revealed").exists()


def test_who_may_not_reveal_gets_the_answer_without_the_number(case) -> None:
    answer = ask(UserFactory(role="auditor"), case)
    assert (answer.decision.allowed, answer.number) == (True, None)


def test_only_the_cases_own_customer_is_asked_for_and_only_while_it_is_open(lin, case) -> None:
    with pytest.raises(Invalid, match="not the customer's"):
        ask(lin, case, contact_point_id=ContactPointFactory().pk)
    with pytest.raises(Invalid, match="not the customer's"):
        ask(lin, case, account_id=AccountFactory().pk)
    Case.objects.update(status="cured")
    with pytest.raises(Conflict, match="closed"):
        ask(lin, case)
    assert not ContactDecision.objects.exists()


def test_a_contact_is_the_cases_last_and_moves_its_version(lin, case) -> None:
    answer = ask(lin, case)
    contact = contacts.log_contact(
        actor=lin, case_id=case.pk, seen_version=case.version, decision_id=answer.decision.pk, outcome="no-answer"
    )
    after = Case.objects.get(pk=case.pk)
    assert (after.contacted_at, after.version) == (MOMENT, case.version + 1)
    assert contact.decision == answer.decision


def test_a_contact_that_was_not_made_is_no_last_contact(lin, case) -> None:
    decision = ask(lin, case).decision
    contacts.log_contact(
        actor=lin, case_id=case.pk, seen_version=case.version, decision_id=decision.pk, outcome="not-made"
    )
    assert Case.objects.get(pk=case.pk).contacted_at is None


def test_a_stale_screen_enters_nothing(lin, case) -> None:
    decision = ask(lin, case).decision
    Case.objects.update(version=7)
    with pytest.raises(StaleScreen):
        contacts.log_contact(
            actor=lin, case_id=case.pk, seen_version=case.version, decision_id=decision.pk, outcome="no-answer"
        )
    assert not Contact.objects.exists()


def test_a_decision_about_another_customer_cannot_be_used(lin, case) -> None:
    other = DecisionFactory(actor=lin, actor_name=str(lin), channel="voice", purpose="collection")
    with pytest.raises(Conflict, match="another customer"):
        contacts.log_contact(
            actor=lin, case_id=case.pk, seen_version=case.version, decision_id=other.pk, outcome="no-answer"
        )


def test_who_calls_us_is_entered_with_the_day_to_look_again(lin, case) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    contact = contacts.log_inbound(
        actor=lin, case_id=case.pk, seen_version=case.version, channel="voice", outcome="call-back",
        follow_up_on=tomorrow,
    )  # fmt: skip
    after = Case.objects.get(pk=case.pk)
    assert (contact.direction, contact.customer) == ("inbound", case.customer)
    assert (after.contacted_at, after.follow_up_on, after.wait_for) == (MOMENT, tomorrow, "follow-up")


def test_a_day_that_cannot_be_is_named_at_its_field_and_nothing_is_entered(lin, case) -> None:
    with pytest.raises(Invalid) as refused:
        contacts.log_inbound(
            actor=lin, case_id=case.pk, seen_version=case.version, channel="voice", outcome="call-back",
            follow_up_on=clock.today() - timedelta(days=1),
        )  # fmt: skip
    assert refused.value.field == "follow_up_on"


@pytest.mark.parametrize(
    ("ahead", "outcome", "new", "then"),
    [
        (0, "no-answer", None, 0),  # nobody was reached
        (-3, "busy", None, -3),
        (0, "third-person", None, 0),
        (-3, "refused", None, None),
        (2, "refused", None, 2),  # not due: it stays
        (0, "not-made", None, 0),  # nothing happened
        (-3, "no-answer", 1, 1),
    ],
)
def test_a_contact_answers_a_follow_up_that_is_due(lin, case, ahead: int, outcome: str, new, then) -> None:
    def day(days: int | None):
        return None if days is None else clock.today() + timedelta(days=days)

    Case.objects.update(follow_up_on=day(ahead), follow_up_note="Ask for the letter")
    contacts.log_contact(
        actor=lin, case_id=case.pk, seen_version=case.version, decision_id=ask(lin, case).decision.pk, outcome=outcome,
        follow_up_on=day(new),
    )  # fmt: skip
    assert Case.objects.get().follow_up_on == day(then)
    assert Event.objects.filter(verb="case.follow-up-cleared").exists() is (then is None)


def test_who_speaks_for_the_customer_answers_a_follow_up(lin, case) -> None:
    place_flag(actor=lin, customer_id=case.customer_id, kind="represented", from_on=clock.today(), evidence="A letter")
    lawyer = ContactPointFactory(
        customer=case.customer, kind="mobile", clear="13800002048", relationship="representative"
    )
    Case.objects.update(follow_up_on=clock.today())
    decision = ask(lin, case, contact_point_id=lawyer.pk).decision
    contacts.log_contact(actor=lin, case_id=case.pk, seen_version=None, decision_id=decision.pk, outcome="third-person")
    assert Case.objects.get().follow_up_on is None


def test_a_follow_up_that_stays_rests_for_the_day_and_is_due_on_the_next(lin, case) -> None:
    Case.objects.update(follow_up_on=clock.today(), assignee=lin)
    contacts.log_contact(
        actor=lin, case_id=case.pk, seen_version=None, decision_id=ask(lin, case).decision.pk, outcome="no-answer"
    )
    assert not Case.objects.filter(due(clock.now(), clock.today())).exists()
    assert Case.objects.filter(due(clock.now(), clock.today() + timedelta(days=1))).exists()


def test_who_calls_us_answers_a_follow_up_too(lin, case) -> None:
    Case.objects.update(follow_up_on=clock.today())
    contacts.log_inbound(actor=lin, case_id=case.pk, seen_version=case.version, channel="voice", outcome="refused")
    assert Case.objects.get().follow_up_on is None


def test_a_screen_read_before_a_flag_was_placed_is_stale(lin, case) -> None:
    decision = ask(lin, case).decision
    place_flag(
        actor=UserFactory(display_name="Chen"), customer_id=case.customer_id, kind="deceased", from_on=clock.today(),
        evidence="Her son called",
    )  # fmt: skip
    with pytest.raises(StaleScreen, match="Chen: Customer flag placed"):
        contacts.log_contact(
            actor=lin, case_id=case.pk, seen_version=case.version, decision_id=decision.pk, outcome="no-answer"
        )
    fresh = Case.objects.get()
    assert fresh.version == case.version + 1
    contacts.log_contact(
        actor=lin, case_id=case.pk, seen_version=fresh.version, decision_id=decision.pk, outcome="no-answer"
    )
    assert Case.objects.get().version == fresh.version + 1


def places(case: Case) -> int:
    """How many places under the caps are held for the customer now."""
    held = ContactDecision.objects.filter(customer=case.customer, allowed=True, reserved_until__gt=clock.now())
    used = Contact.objects.values("decision")
    replaced = ContactDecision.objects.exclude(replaces=None).values("replaces")
    return held.exclude(pk__in=used).exclude(pk__in=replaced).count()


def test_who_asks_again_for_the_same_contact_takes_her_own_place_and_no_second_one(lin, case) -> None:
    first, again = ask(lin, case).decision, ask(lin, case).decision
    assert (again.allowed, again.replaces) == (True, first)
    assert places(case) == 1
    elsewhere = ask(UserFactory(), case).decision
    assert (elsewhere.replaces, places(case)) == (None, 2)
    other = ContactPointFactory(customer=case.customer, kind="mobile", clear="13800002047")
    assert ask(lin, case, contact_point_id=other.pk).decision.replaces is None


def test_a_refusal_leaves_what_was_allowed_before_to_be_entered(lin, case) -> None:
    with clock.frozen(NIGHT - timedelta(hours=1, minutes=1)):
        first = ask(lin, case).decision
    with clock.frozen(NIGHT - timedelta(hours=1) + timedelta(seconds=1)):  # just after 22:00
        again = ask(lin, case).decision
        assert (first.allowed, again.allowed, again.replaces) == (True, False, None)
        contacts.log_contact(
            actor=lin, case_id=case.pk, seen_version=case.version, decision_id=first.pk, outcome="refused", seconds=60
        )


@pytest.mark.django_db(transaction=True)
def test_of_many_windows_in_which_one_person_asks_at_once_one_place_is_held(transactional_db) -> None:
    lin, case = UserFactory(), CaseFactory()
    ContactPointFactory(customer=case.customer, kind="mobile", clear="13800002046")
    with clock.frozen(MOMENT):
        at_once([lambda: ask(lin, case)] * 8)
        assert places(case) == 1
