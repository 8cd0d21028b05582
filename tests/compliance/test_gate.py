"""The gate on a real database: what it records, and what SQL refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from audit.models import Event
from audit.services import SystemActor
from compliance import services
from compliance.models import ContactDecision, ContactRule
from compliance.rules import PACKS, Rule, parse
from compliance.services import Candidate, Decided
from runs import clock
from tests.factories import AccountFactory, ContactPointFactory, CustomerFactory, DecisionFactory, UserFactory

pytestmark = pytest.mark.django_db
ACTOR = SystemActor("test")
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_the_chinese_pack_is_installed_with_dates_and_sources() -> None:
    rows = set(ContactRule.objects.filter(pack="cn").values_list("code", "version", "effective_from"))
    twice = ("contact-hours", "contact-point", "third-person", "unanswered-a-day")
    once = ("person", "hold", "calls-a-day", "messages", "reservation")
    standard, guideline = date(2025, 2, 28), date(2026, 1, 30)
    assert {(code, 1, standard) for code in (*twice, *once)} | {(code, 2, guideline) for code in twice} <= rows


@pytest.mark.parametrize("pack", ["cn", "us"])
def test_every_rule_of_a_pack_is_installed_understood_and_has_its_source(pack: str) -> None:
    rules = ContactRule.objects.filter(pack=pack).exclude(code="recordings")
    assert {rule.code for rule in rules} >= set(PACKS[pack]) - {"recordings"}
    for rule in rules:
        assert parse(Rule(rule.code, rule.version, rule.effective_from, rule.parameters, pack))
        assert any(word in rule.source for word in ("GB/T 45251", "2026-01-30", "12 CFR 1006", "policy")), rule


def test_every_answer_is_recorded_refusals_too() -> None:
    point = ContactPointFactory()
    user = UserFactory(display_name="Lin")
    asked = {"actor": user, "customer": point.customer, "contact_point": point, "channel": "email"}
    no = services.may_contact(**asked, purpose="reminder", at=NIGHT)
    yes = services.may_contact(**asked, purpose="reminder", at=NOON)
    assert (yes.allowed, yes.rule, yes.rule_version, yes.at, yes.next_allowed_at) == (
        True,
        "contact-hours",
        2,
        NOON,
        None,
    )
    assert (no.allowed, no.rule, no.at) == (False, "contact-hours", NIGHT)
    assert no.next_allowed_at == datetime(2026, 11, 24, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert (yes.actor, yes.actor_name, yes.contact_point) == (user, "Lin", point)
    assert ContactDecision.objects.count() == 2


def test_a_contact_point_of_somebody_else_is_refused() -> None:
    point = ContactPointFactory()
    answer = services.may_contact(
        actor=ACTOR, customer=CustomerFactory(), contact_point=point, channel="email", purpose="reminder", at=NOON
    )
    assert (answer.allowed, answer.rule, answer.contact_point) == (False, "contact-point", point)


def test_without_rules_nothing_is_allowed() -> None:
    ContactRule.objects.all().delete()
    point = ContactPointFactory()
    answer = services.may_contact(
        actor=ACTOR, customer=point.customer, contact_point=point, channel="email", purpose="reminder", at=NOON
    )
    assert (answer.allowed, answer.rule, answer.rule_version) == (False, "fail-closed", 0)


def test_many_are_decided_in_order_each_at_her_most_usable_address() -> None:
    abroad = CustomerFactory(time_zone="America/New_York")
    ContactPointFactory(customer=abroad)
    home = CustomerFactory()
    ContactPointFactory(customer=home, relationship="contact-person")
    best = ContactPointFactory(customer=home)
    nobody = CustomerFactory()
    unknown = ContactPointFactory(permitted=None)
    candidates = [Candidate(c.pk) for c in (abroad, nobody, home, unknown.customer)]
    answers = services.decide_many(
        actor=ACTOR, channel="email", purpose="reminder", candidates=candidates, at=NOON, postpone=True
    )
    assert [answer.customer_id for answer in answers] == [candidate.customer_id for candidate in candidates]
    assert [answer.allowed for answer in answers] == [True, False, True, False]
    assert answers[0].at == datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("America/New_York"))
    assert answers[2].contact_point_id == best.pk
    assert [answer.contact_point_id for answer in answers][1::2] == [None, unknown.pk]
    kept = ContactDecision.objects.in_bulk([answer.decision_id for answer in answers])
    assert [(kept[a.decision_id].allowed, kept[a.decision_id].at) for a in answers] == [
        (a.allowed, a.at) for a in answers
    ]


@pytest.mark.parametrize("count", [2, 40])
def test_many_cost_no_more_statements_than_two(count: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    candidates = [Candidate(ContactPointFactory().customer_id) for _ in range(count)]
    # The savepoint, the locks, the rules, the facts, the past, the keys, COPY, the release.
    with django_assert_num_queries(7):
        services.decide_many(actor=ACTOR, channel="email", purpose="reminder", candidates=candidates, at=NOON)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE compliance_contactdecision SET allowed = true",
        "DELETE FROM compliance_contactdecision",
        "TRUNCATE compliance_contactdecision CASCADE",
    ],
)
def test_decisions_cannot_be_changed_in_sql(statement: str) -> None:
    DecisionFactory(allowed=False)
    with connection.cursor() as cursor:
        # PostgreSQL truncates nothing that has checks pending.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)
    assert not ContactDecision.objects.get().allowed


@pytest.mark.usefixtures("now")
def test_a_rule_gets_a_new_version_and_leaves_an_event() -> None:
    rule = services.add_rule(
        actor=ACTOR,
        code="contact-hours",
        effective_from=date(2027, 1, 1),
        parameters={"opens": "09:00", "closes": "20:00"},
        source="our own policy",
    )
    assert rule.version == 3
    assert Event.objects.get(verb="contact-rule.added").subject_id == rule.pk


@pytest.mark.parametrize(
    "broken",
    [
        {"parameters": {"opens": "09:00"}},
        {"parameters": ["09:00"]},
        {"code": "moon-phase"},
    ],
    ids=str,
)
def test_a_rule_that_would_close_the_gate_by_mistake_is_refused(broken: dict[str, object]) -> None:
    good = {
        "code": "contact-hours",
        "effective_from": date(2027, 1, 1),
        "parameters": {"opens": "09:00", "closes": "20:00"},
    }
    with pytest.raises(ValidationError):
        services.add_rule(actor=ACTOR, source="x", **{**good, **broken})
    assert ContactRule.objects.filter(code__in=["contact-hours", "moon-phase"], pack="cn").count() == 2


@pytest.mark.usefixtures("now")
def test_a_rule_begins_on_a_day_to_come_that_no_version_of_it_begins_on() -> None:
    given = {
        "actor": ACTOR,
        "code": "contact-hours",
        "parameters": {"opens": "09:00", "closes": "20:00"},
        "source": "x",
    }
    tomorrow = clock.today() + timedelta(days=1)
    for early in (tomorrow - timedelta(days=1), date(2026, 1, 29)):
        with pytest.raises(ValidationError, match=f"{early} is too early: expected {tomorrow} or later"):
            services.add_rule(**given, effective_from=early)
    services.add_rule(**given, effective_from=tomorrow)
    with pytest.raises(ValidationError, match="starts on that day already"):
        services.add_rule(**given, effective_from=tomorrow)


@pytest.mark.usefixtures("now")
def test_the_admin_adds_rules_through_the_service_and_changes_none(admin_client) -> None:
    page = reverse("admin:compliance_contactrule_add")
    form = {"code": "contact-hours", "effective_from": "2027-01-01", "source": "policy"}
    refused = admin_client.post(page, {**form, "parameters": '{"opens": "x"}'})
    assert refused.status_code == 200
    assert ContactRule.objects.filter(code="contact-hours", pack="cn").count() == 2
    admin_client.post(page, {**form, "parameters": '{"opens": "09:00", "closes": "20:00"}'})
    rule = ContactRule.objects.get(code="contact-hours", version=3)
    assert Event.objects.filter(verb="contact-rule.added", subject_id=rule.pk).exists()
    change = reverse("admin:compliance_contactrule_change", args=[rule.pk])
    assert admin_client.post(change, {**form, "parameters": "{}"}).status_code == 403
    assert admin_client.get(reverse("admin:compliance_contactdecision_changelist")).status_code == 200


def test_the_admin_has_a_field_for_each_value_of_a_plain_rule(admin_client) -> None:
    page = reverse("admin:compliance_contactrule_add")
    form = {"pack": "cn", "effective_from": "2027-01-01", "source": "policy"}
    shown = admin_client.get(f"{page}?code=messages&pack=cn").content.decode()
    assert 'name="sms_week" value="5"' in shown
    admin_client.post(f"{page}?code=messages", {**form, "code": "messages", "sms_day": "1", "letter_week": "1"})
    assert ContactRule.objects.get(code="messages", pack="cn", version=2).parameters == {
        "sms": {"day": 1},
        "letter": {"week": 1},
    }
    hours = {**form, "code": "contact-hours", "opens": "09:00", "closes": "09:00"}
    refused = admin_client.post(f"{page}?code=contact-hours", hours).content.decode()
    assert "two different times of the day are expected" in refused
    admin_client.post(f"{page}?code=contact-hours", {**hours, "closes": "18:00", "pack": "us"})
    added = ContactRule.objects.get(code="contact-hours", pack="us", version=2)
    assert added.parameters == {"opens": "09:00:00", "closes": "18:00:00"}


def test_the_admin_says_at_the_field_what_is_wrong_with_the_parameters(admin_client) -> None:
    page = reverse("admin:compliance_contactrule_add")
    assert "With a field for each value" in admin_client.get(f"{page}?code=person").content.decode()
    answer = admin_client.post(
        f"{page}?code=person",
        {"code": "person", "pack": "cn", "effective_from": "2027-01-01", "source": "x", "parameters": '{"nobody": []}'},
    )
    (message,) = answer.context["adminform"].form.errors["parameters"]
    assert "representative_only: a list is expected" in message
    assert "An example: {" in message


def test_now_is_the_clocks(settings) -> None:
    point = ContactPointFactory()
    with clock.frozen(NIGHT):
        answer = services.may_contact(
            actor=ACTOR, customer=point.customer, contact_point=point, channel="email", purpose="reminder"
        )
    assert (answer.at, answer.decided_at) == (NIGHT, NIGHT)
    assert answer.next_allowed_at - NIGHT == timedelta(hours=9)


@pytest.mark.parametrize("name", ["Lin\tLi", "a\\nb", "\\N", "first\nsecond\r", "\\."])
def test_whoever_asks_is_kept_by_name_letter_for_letter(name: str) -> None:
    point = ContactPointFactory()
    answer = services.may_contact(
        actor=SystemActor(name),
        customer=point.customer,
        contact_point=point,
        channel="email",
        purpose="reminder",
        at=NOON,
    )
    kept = ContactDecision.objects.get(pk=answer.pk)
    assert kept.actor_name == name
    assert {f.attname: getattr(kept, f.attname) for f in kept._meta.fields} == {
        f.attname: getattr(answer, f.attname) for f in answer._meta.fields
    }


def test_what_is_refused_as_before_is_answered_by_the_decision_that_was() -> None:
    """Only where it is asked again, and nothing of the answer is another."""
    account = AccountFactory()
    point = ContactPointFactory(customer=account.customer, verification="wrong")

    def ask(*, is_again: bool = True, account_id: int | None = account.pk) -> Decided:
        candidate = Candidate(account.customer_id, account_id, is_again=is_again)
        (answer,) = services.decide_many(
            actor=ACTOR, channel="email", purpose="reminder", candidates=[candidate], at=NOON, postpone=True
        )
        return answer

    first = ask()
    assert ask() == first
    assert ask(account_id=None).decision_id != first.decision_id
    once_more = ask(is_again=False)
    assert once_more.decision_id != first.decision_id
    assert ask() == once_more
    point.verification = "verified"
    point.save()
    assert ask().allowed
    point.verification = "wrong"
    point.save()
    last = ask()
    assert last.decision_id > once_more.decision_id
    assert ContactDecision.objects.filter(customer=account.customer).count() == 5
