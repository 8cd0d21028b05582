"""The gate on a real database: what it counts and what holds a place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import ContactPoint
from audit.services import SystemActor
from compliance import services
from compliance.models import Contact, ContactAgreement, ContactDecision, CustomerFlag
from compliance.selectors import callable_from, look
from compliance.sentences import say, say_source
from compliance.services import Candidate
from runs import clock
from tests.factories import (
    AccountFactory,
    ContactPointFactory,
    CustomerFactory,
    DecisionFactory,
    HoldFactory,
    StandingFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
BATCH = SystemActor("test")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def number(**values: object) -> ContactPoint:
    return ContactPointFactory(**{"kind": "mobile", "verification": "unverified", **values})


def ask(point: ContactPoint, at: datetime = NOON, **values: object) -> ContactDecision:
    asked = {"actor": BATCH, "channel": "voice", "purpose": "collection", **values}
    return services.may_contact(customer=point.customer, contact_point=point, at=at, **asked)


def happened(decision: ContactDecision, outcome: str, **values: object) -> Contact:
    return Contact.objects.create(
        **{
            "customer": decision.customer,
            "contact_point": decision.contact_point,
            "account": decision.account,
            "decision": decision,
            "channel": decision.channel,
            "outcome": outcome,
            "at": decision.at,
            "actor_name": "Lin",
            "recorded_at": decision.at,
            **values,
        }
    )


def flag(point: ContactPoint, kind: str, **values: object) -> CustomerFlag:
    return CustomerFlag.objects.create(
        **{"customer": point.customer, "kind": kind, "from_on": date(2026, 11, 1), "placed_at": NOON, **values}
    )


def test_an_allowed_call_holds_its_place_for_a_quarter_of_an_hour_and_a_refused_one_none() -> None:
    point = number()
    answers = [ask(point, NOON + MINUTE * minute) for minute in range(4)]
    assert [answer.allowed for answer in answers] == [True, True, True, False]
    assert answers[0].reserved_until == NOON + 15 * MINUTE
    assert (answers[3].rule, answers[3].reserved_until) == ("calls-a-day", None)
    assert answers[3].next_allowed_at == NOON + 15 * MINUTE, "when the first place is given up"
    assert ask(point, NOON + 15 * MINUTE).allowed


def test_calls_count_for_the_person_at_all_numbers_whoever_made_them() -> None:
    mobile = number()
    phone = number(customer=mobile.customer, kind="phone")
    happened(ask(mobile), "promise")
    happened(ask(phone, NOON + MINUTE), "right-party", made_by="agency")
    happened(ask(mobile, NOON + 2 * MINUTE), "third-person", made_by="batch")
    refused = ask(phone, NOON + 3 * MINUTE)
    assert (refused.rule, refused.next_allowed_at) == (
        "calls-a-day",
        datetime(2026, 11, 24, 8, tzinfo=ZoneInfo("Asia/Shanghai")),
    )


def test_a_call_that_was_not_made_gives_its_place_back_and_one_unanswered_counts_at_its_number_alone() -> None:
    mobile = number()
    phone = number(customer=mobile.customer, kind="phone")
    for minute in range(3):
        happened(ask(mobile, NOON + MINUTE * minute), "not-made")
    for minute in range(6):
        happened(ask(mobile, NOON + MINUTE * minute), "no-answer")
    assert ask(mobile, NOON + 10 * MINUTE).rule == "unanswered-a-day"
    assert ask(phone, NOON + 10 * MINUTE).allowed


def test_a_corrected_contact_counts_as_both_unless_it_is_overruled() -> None:
    point = number()
    talks = [happened(ask(point, NOON + MINUTE * minute), "right-party") for minute in range(3)]
    assert not ask(point, NOON + 5 * MINUTE).allowed
    again = happened(talks[0].decision, "no-answer", corrects=talks[0])
    assert ask(point, NOON + 6 * MINUTE).rule == "calls-a-day"
    happened(talks[0].decision, "busy", corrects=again, overrules=True)
    assert ask(point, NOON + 6 * MINUTE).allowed


def test_what_came_in_uses_no_call_up() -> None:
    point = number()
    for minute in range(4):
        came = DecisionFactory(customer=point.customer, contact_point=point, channel="voice", purpose="inbound")
        happened(came, "right-party", direction="inbound", at=NOON + MINUTE * minute)
    assert ask(point, NOON + 5 * MINUTE).allowed


def test_a_decision_that_replaces_another_takes_over_its_place() -> None:
    point = ContactPointFactory()
    first = ask(point, channel="email", purpose="reminder")
    assert ask(point, channel="email", purpose="reminder").rule == "messages"
    second = ask(point, channel="email", purpose="reminder", replaces=first)
    assert (second.allowed, second.replaces) == (True, first)
    assert not ask(point, channel="email", purpose="reminder").allowed


def test_nobody_frees_another_persons_place() -> None:
    point, other = ContactPointFactory(), ContactPointFactory()
    first = ask(point, channel="email")
    ask(other, channel="email", replaces=first)
    assert ask(point, channel="email").rule == "messages"


def test_one_person_twice_in_a_batch_gets_one_place() -> None:
    point = ContactPointFactory()
    answers = services.decide_many(
        actor=BATCH, channel="email", purpose="reminder", candidates=[Candidate(point.customer_id)] * 2, at=NOON
    )
    assert [answer.allowed for answer in answers] == [True, False]


@pytest.mark.parametrize("kind", ["deceased", "incapacity", "represented", "bankrupt", "minor"])
def test_who_cannot_speak_for_herself_is_spoken_for(kind: str) -> None:
    point = number()
    lawyer = number(customer=point.customer, relationship="representative")
    assert ask(lawyer).rule == "contact-point", "nobody's representative yet"
    flag(point, kind)
    assert ask(point).rule == "person"
    assert ask(lawyer).allowed
    assert ask(lawyer, datetime(2026, 11, 23, 15, tzinfo=UTC)).rule == "contact-hours"


def test_flags_that_ended_or_are_over_say_nothing() -> None:
    point = number()
    flag(point, "deceased", ended_at=NOON)
    flag(point, "fraud-victim", until_on=date(2026, 11, 22))
    assert ask(point).allowed


def test_the_vulnerable_are_contacted_by_those_who_may_and_never_by_a_machine() -> None:
    point = number()
    flag(point, "vulnerable")
    assert ask(point, actor=UserFactory(role="senior-collector")).allowed
    assert ask(point, actor=UserFactory()).rule == "person"
    assert ask(point).rule == "person"
    assert ask(ContactPointFactory(customer=point.customer), channel="email").rule == "person"


def test_hardship_leaves_one_call_a_day() -> None:
    point = number()
    flag(point, "hardship")
    happened(ask(point), "right-party")
    assert ask(point, NOON + MINUTE).rule == "calls-a-day"


def test_a_hold_of_contact_stops_the_debt_and_all_of_them_the_person() -> None:
    point = number()
    held, other = (AccountFactory(customer=point.customer) for _ in range(2))
    for account in (held, other):
        StandingFactory(account=account)
    HoldFactory(account=held, kind="contact", starts_on=date(2026, 11, 20), ends_on=date(2026, 11, 24))
    refused = ask(point, account=held)
    assert (refused.rule, refused.next_allowed_at) == (
        "hold",
        datetime(2026, 11, 25, 8, tzinfo=ZoneInfo("Asia/Shanghai")),
    )
    assert ask(point, account=other).allowed
    assert ask(point).allowed
    HoldFactory(account=other, kind="contact")
    assert ask(point).rule == "hold"


def test_a_hold_stops_a_contact_about_the_debt_of_another_as_well() -> None:
    guarantor = number()
    debt = AccountFactory()
    StandingFactory(account=debt)
    assert ask(guarantor, account=debt).allowed
    HoldFactory(account=debt, kind="contact")
    assert ask(guarantor, account=debt).rule == "hold"
    assert ask(guarantor).allowed, "of her own nothing is held"


def test_who_has_nothing_late_is_not_called_while_a_hold_of_contact_stands() -> None:
    point = number()
    kept, _other = (AccountFactory(customer=point.customer) for _ in range(2))
    HoldFactory(account=kept, kind="fees")
    assert ask(point).allowed
    HoldFactory(account=kept, kind="contact", starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 2))
    assert ask(point).allowed, "that one is over"
    HoldFactory(account=kept, kind="contact", starts_on=date(2026, 11, 20), ends_on=date(2026, 11, 24))
    refused = ask(point)
    opens = datetime(2026, 11, 25, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert (refused.rule, refused.next_allowed_at) == ("hold", opens)
    (seen,) = look(customer_id=point.customer_id, at=NOON)
    assert (seen.verdict.allowed, seen.verdict.rule) == (False, "hold")
    assert callable_from(customer_ids=[point.customer_id], at=NOON) == {point.customer_id: opens}
    # What is late beside it is collected as ever, and its own holds alone speak for it.
    late = AccountFactory(customer=point.customer)
    StandingFactory(account=late)
    assert ask(point).allowed
    HoldFactory(account=late, kind="contact")
    assert ask(point).rule == "hold"


def test_a_number_that_others_have_too_is_barred_until_it_is_verified() -> None:
    point = number(clear="13800138000")
    number(clear="13800138000")
    assert ask(point).rule == "contact-point"
    ContactPoint.objects.filter(pk=point.pk).update(verification="verified")
    assert ask(point).allowed


def test_unanswered_attempts_count_at_the_number_whoever_it_was_called_for() -> None:
    point, other = (number(clear="13800138000", verification="verified") for _ in range(2))
    for minute in range(3):
        happened(ask(point, NOON + 2 * MINUTE * minute), "no-answer")
        happened(ask(other, NOON + 2 * MINUTE * minute + MINUTE), "no-answer")
    assert ask(point, NOON + 10 * MINUTE).rule == "unanswered-a-day"
    assert ask(other, NOON + 10 * MINUTE).rule == "unanswered-a-day"
    assert ask(number(customer=point.customer), NOON + 10 * MINUTE).allowed


def test_a_place_held_at_the_number_counts_for_who_shares_it() -> None:
    point, other = (number(clear="13800138000", verification="verified") for _ in range(2))
    for minute in range(5):
        happened(ask(other, NOON + MINUTE * minute), "no-answer")
    held = ask(point, NOON + 6 * MINUTE)
    assert held.allowed
    assert ask(other, NOON + 7 * MINUTE).rule == "unanswered-a-day"
    happened(held, "not-made")
    assert ask(other, NOON + 8 * MINUTE).allowed


def test_a_talk_at_a_shared_number_uses_up_no_call_of_who_shares_it() -> None:
    point, other = (number(clear="13800138000", verification="verified") for _ in range(2))
    for minute in range(3):
        happened(ask(other, NOON + MINUTE * minute), "right-party")
    assert ask(other, NOON + 10 * MINUTE).rule == "calls-a-day"
    assert ask(point, NOON + 10 * MINUTE).allowed


def test_hours_agreed_with_her_take_the_place_of_the_rules() -> None:
    point = number()
    agreement = ContactAgreement.objects.create(
        customer=point.customer, opens="20:00", closes="23:30", from_on=date(2026, 11, 1), agreed_at=NOON
    )
    late = datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert ask(point, late).allowed
    assert ask(point).next_allowed_at == datetime(2026, 11, 23, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
    agreement.revoked_at = NOON
    agreement.save()
    assert not ask(point, late).allowed


def test_a_third_person_is_asked_only_when_three_calls_failed_and_never_after_a_no() -> None:
    own = number()
    friend = number(customer=own.customer, relationship="contact-person")
    asked = {"purpose": "locate"}
    assert ask(friend, **asked).rule == "third-person"
    for minute in range(3):
        happened(ask(own, NOON + MINUTE * minute), "no-answer")
    today = ask(friend, NOON + 5 * MINUTE, **asked)
    assert (today.allowed, today.next_allowed_at) == (False, datetime(2026, 11, 24, tzinfo=UTC))
    tomorrow = NOON + timedelta(days=1)
    assert ask(friend, tomorrow).rule == "third-person", "not to collect"
    assert ask(friend, tomorrow, channel="sms", **asked).rule == "third-person"
    happened(ask(friend, tomorrow, **asked), "third-person-refused")
    assert ask(friend, tomorrow + MINUTE, **asked).rule == "third-person"
    assert not ask(friend, NOON + timedelta(days=500), **asked).allowed


def test_the_american_pack_counts_calls_a_debt_in_seven_days_and_rests_after_a_talk() -> None:
    point = number(customer=CustomerFactory(jurisdiction="us", time_zone="America/New_York"))
    zone = ZoneInfo("America/New_York")
    first, second = (AccountFactory(customer=point.customer) for _ in range(2))
    noon = datetime(2026, 11, 16, 12, tzinfo=zone)
    for minute in range(7):
        happened(ask(point, noon + MINUTE * minute, account=first), "no-answer")
    refused = ask(point, noon + 10 * MINUTE, account=first)
    assert (refused.pack, refused.rule) == ("us", "calls-a-week")
    assert refused.next_allowed_at == datetime(2026, 11, 23, 8, tzinfo=zone)
    talk = ask(point, noon + 11 * MINUTE, account=second)
    happened(talk, "promise")
    rest = ask(point, noon + timedelta(days=6), account=second)
    assert (rest.rule, rest.next_allowed_at) == ("conversation-pause", datetime(2026, 11, 23, 8, tzinfo=zone))
    assert ask(point, datetime(2026, 11, 23, 21, tzinfo=zone), account=second).rule == "contact-hours"


def test_a_look_records_nothing_and_says_the_same(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    mobile = number()
    number(customer=mobile.customer, verification="wrong")
    happened(ask(mobile), "right-party")
    before = ContactDecision.objects.count()
    with django_assert_num_queries(2):
        looks = look(customer_id=mobile.customer_id, at=NOON + MINUTE, actor=BATCH)
    assert [(one.verdict.allowed, one.verdict.left, one.verdict.most) for one in looks] == [
        (True, 2, 3),
        (False, None, None),
    ]
    assert ContactDecision.objects.count() == before
    with clock.frozen(NOON):
        assert say(looks[0].verdict) == "You may call this number now: 2 of 3 calls left today; closes at 22:00."
        wrong = ContactPoint.objects.get(pk=looks[1].contact_point_id)
        assert say(looks[1].verdict, point=wrong) == (
            "Do not call this number: it is marked wrong (another’s, out of service, or a third person refused there) "
            "until it is verified."
        )


@pytest.mark.parametrize(
    ("relationship", "whose"),
    [
        ("own", ""),
        ("representative", " (the representative’s number)"),
        ("contact-person", " (the contact person’s number)"),
        ("guarantor", " (the guarantor’s number)"),
        ("co-debtor", " (the co-debtor’s number)"),
    ],
)
def test_who_else_is_reached_at_a_number_that_may_be_called_is_said(relationship: str, whose: str) -> None:
    point = number()
    with clock.frozen(NOON):
        allowed = ask(point, NOON)
        point.relationship = relationship
        assert say(allowed, point=point).startswith(f"You may call this number now{whose}.")


def test_a_refusal_says_why_and_until_when_and_where_the_rule_comes_from() -> None:
    point = number()
    night = datetime(2026, 11, 23, 15, tzinfo=UTC)
    with clock.frozen(night):
        refused = ask(point, night)
        assert say(refused) == (
            "Do not call this number now: it is outside the hours of contact. Allowed again tomorrow at 08:00."
        )
    (looked,) = look(customer_id=point.customer_id, at=night)
    assert say_source(looked.verdict, looked.rule).startswith(
        "Refused by “contact hours” (cn/contact-hours), version 2, in force from 2026-01-30. Source: 中国银行业协会"
    )


def test_the_time_where_she_lives_is_said_when_it_is_another() -> None:
    point = number(customer=CustomerFactory(time_zone="Europe/London"))
    (one,) = look(customer_id=point.customer_id, at=NOON + timedelta(hours=8))
    assert "closes at 06:00 (22:00 where the customer lives)" in say(one.verdict)


def test_from_when_each_may_be_called_is_asked_for_all_at_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    night = datetime(2026, 11, 23, 15, tzinfo=UTC)
    here = number()
    abroad = number(customer=CustomerFactory(time_zone="America/New_York"))
    nobody = CustomerFactory()
    gone = number()
    flag(gone, "deceased")
    with django_assert_num_queries(2):
        found = callable_from(
            customer_ids=[here.customer_id, abroad.customer_id, nobody.pk, gone.customer_id], at=night
        )
    assert found == {
        here.customer_id: datetime(2026, 11, 24, 8, tzinfo=ZoneInfo("Asia/Shanghai")),
        abroad.customer_id: night,
        nobody.pk: None,
        gone.customer_id: None,
    }


def test_a_vulnerable_person_may_be_called_by_somebody_but_not_by_this_one() -> None:
    point = number()
    flag(point, "vulnerable")
    asked = {"customer_ids": [point.customer_id], "at": NOON}
    assert callable_from(**asked) == {point.customer_id: NOON}
    assert callable_from(**asked, actor=UserFactory()) == {point.customer_id: None}
    assert callable_from(**asked, actor=UserFactory(role="supervisor")) == {point.customer_id: NOON}


@pytest.mark.parametrize("wrong", ["NULL", "decision_id + 1000"])
def test_sql_takes_no_contact_without_a_decision(wrong: str) -> None:
    happened(DecisionFactory(), "no-answer")
    names = ", ".join(f.column for f in Contact._meta.fields if f.column not in ("id", "decision_id"))
    insert = f"INSERT INTO compliance_contact ({names}, decision_id) SELECT {names}, {wrong} FROM compliance_contact"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(insert)
