"""Strategies are written rule by rule, and put in force by somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from accounts.errors import Conflict, Invalid
from approvals import services as approvals
from approvals.models import Request
from audit.models import Event
from reminders.services import templates
from runs import clock
from runs.models import JobRun
from staff.models import User
from strategy.models import Deployment, Rule, Simulation, Version
from strategy.selectors import deployment_on
from strategy.services import activating, versions
from strategy.services.asking import ask_simulation
from tests.clients import signed_in
from tests.factories import BusinessDayFactory, DayCloseFactory, UserFactory
from tests.reminders.conftest import NOON
from tests.said import in_chinese
from tests.strategy.conftest import DAY
from tests.threads import at_once

FREEZE: dict[str, Any] = {"code": "freeze", "title": "Freeze", "days_from": 30, "action": "freeze"}


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


@pytest.fixture
def writer(db: None) -> User:
    BusinessDayFactory(date=DAY - timedelta(days=1))
    return UserFactory(role="supervisor", team=None)


@pytest.fixture
def decider(db: None) -> User:
    return UserFactory(role="administrator", team=None)


def installed() -> Version:
    return Version.objects.get(number=1)


def draft(writer: User) -> Version:
    return versions.draft(actor=writer, title="Softer", based_on=installed().pk)


def codes(version: Version) -> list[tuple[int, str]]:
    return list(version.rules.order_by("position").values_list("position", "code"))


def ask(writer: User, version: Version, **fields: Any) -> Request:
    version.refresh_from_db()
    given = {
        "version_id": version.pk,
        "seen_edits": version.edits,
        "champion_id": version.pk,
        "effective_from": DAY,
        "reason": "Softer",
    }
    return activating.ask_activation(actor=writer, **{**given, **fields})


def test_no_strategy_or_rule_has_a_title_with_what_nobody_sees(writer: User) -> None:
    with pytest.raises(ValidationError) as refusal:
        versions.draft(actor=writer, title="Softer\u202e1")
    assert "an invisible control character (U+202E)" in refusal.value.message_dict["title"][0]
    typed = {"title": "Softer\u202e1", "based_on": installed().number}
    page = signed_in(writer).post(reverse("strategy-draft"), typed, follow=True).content.decode()
    assert "an invisible control character (U+202E)" in page
    version = draft(writer)
    assert version.number == 2
    with pytest.raises(ValidationError) as refusal:
        versions.add_rule(
            actor=writer, version_id=version.pk, seen_edits=1, fields={**FREEZE, "title": "Freeze\u20281"}
        )
    assert "an invisible control character (U+2028)" in refusal.value.message_dict["title"][0]
    assert codes(version) == [(1, "first-late")]


def test_a_draft_is_a_copy_and_its_rules_come_go_and_move(writer: User) -> None:
    version = draft(writer)
    assert (version.number, version.based_on, codes(version)) == (2, installed(), [(1, "first-late")])
    copied = version.rules.get()
    assert (copied.templates, copied.days_to) == (["first-late"], 1)
    rule = versions.add_rule(actor=writer, version_id=version.pk, seen_edits=1, fields=FREEZE)
    versions.add_rule(actor=writer, version_id=version.pk, seen_edits=2, fields=FREEZE | {"code": "again"}, position=1)
    assert codes(version) == [(1, "again"), (2, "first-late"), (3, "freeze")]
    versions.move_rule(actor=writer, rule_id=rule.pk, seen_edits=3, position=2)
    assert codes(version) == [(1, "again"), (2, "freeze"), (3, "first-late")]
    versions.change_rule(actor=writer, rule_id=rule.pk, seen_edits=4, fields={"days_from": 60, "products": ["plain"]})
    rule.refresh_from_db()
    assert (rule.days_from, rule.products) == (60, ["plain"])
    fields = versions.remove_rule(actor=writer, rule_id=rule.pk, seen_edits=5)
    assert codes(version) == [(1, "again"), (2, "first-late")]
    versions.add_rule(actor=writer, version_id=version.pk, seen_edits=6, position=fields.pop("position"), fields=fields)
    assert codes(version) == [(1, "again"), (2, "freeze"), (3, "first-late")]
    version.refresh_from_db()
    assert version.edits == 7
    told = Event.objects.filter(subject_type="version", subject_id=version.pk).order_by("pk")
    assert [event.verb for event in told] == [
        "strategy.drafted",
        "strategy.rule-added",
        "strategy.rule-added",
        "strategy.rule-moved",
        "strategy.rule-changed",
        "strategy.rule-removed",
        "strategy.rule-added",
    ]


def test_who_may_not_write_writes_nothing(writer: User) -> None:
    version, auditor = draft(writer), UserFactory(role="auditor", team=None)
    with pytest.raises(PermissionDenied):
        versions.draft(actor=auditor, title="Mine")
    with pytest.raises(PermissionDenied):
        versions.add_rule(actor=auditor, version_id=version.pk, seen_edits=1, fields=FREEZE)
    with pytest.raises(PermissionDenied):
        ask(auditor, version)
    assert codes(version) == [(1, "first-late")]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"code": "first-late"}, "code"),
        ({"code": "No good"}, "code"),
        ({"title": ""}, "title"),
        ({"action": "call"}, "queue"),
        ({"days_from": 9, "days_to": 3}, "days_to"),
        ({"amount_from": 5}, "currency"),
        ({"templates": ["first-late"]}, "templates"),
        ({"every_days": 0}, "every_days"),
        ({"products": ["gone"]}, "products"),
    ],
    ids=str,
)
def test_a_rule_that_makes_no_sense_is_refused_at_its_field(writer: User, fields: dict[str, Any], place: str) -> None:
    version = draft(writer)
    with pytest.raises(ValidationError) as refused:
        versions.add_rule(actor=writer, version_id=version.pk, seen_edits=1, fields=FREEZE | fields)
    assert place in refused.value.message_dict
    version.refresh_from_db()
    assert (version.edits, codes(version)) == (1, [(1, "first-late")])


def test_a_screen_that_is_stale_writes_nothing(writer: User) -> None:
    version = draft(writer)
    versions.add_rule(actor=writer, version_id=version.pk, seen_edits=1, fields=FREEZE)
    with pytest.raises(Conflict, match="edited"):
        versions.add_rule(actor=writer, version_id=version.pk, seen_edits=1, fields=FREEZE | {"code": "x"})
    with pytest.raises(Conflict, match="edited"):
        ask(writer, version, seen_edits=1)


def test_another_puts_it_in_force_and_then_it_stays_as_it_is(writer: User, decider: User) -> None:
    version = draft(writer)
    request = ask(writer, version, effective_from=DAY + timedelta(days=1))
    with pytest.raises(Conflict, match="waits"):
        versions.add_rule(actor=writer, version_id=version.pk, seen_edits=1, fields=FREEZE)
    with pytest.raises(Conflict):
        approvals.approve(actor=writer, request_id=request.pk, seen_version=1)
    approvals.approve(actor=decider, request_id=request.pk, seen_version=1)
    version.refresh_from_db()
    assert version.status == "approved"
    assert deployment_on(DAY).champion == installed()
    deployed = deployment_on(DAY + timedelta(days=1))
    assert (deployed.champion, deployed.request_id, deployed.decided_by_name) == (version, request.pk, str(decider))
    with pytest.raises(Conflict, match="keeps its rules"):
        versions.change_rule(
            actor=writer, rule_id=version.rules.get().pk, seen_edits=version.edits, fields={"days_from": 2}
        )
    for change in (
        lambda: Rule.objects.filter(version=version).update(days_from=2),
        lambda: Rule.objects.filter(version=version).delete(),
        lambda: Rule.objects.create(version=version, position=9, **FREEZE),
        lambda: Deployment.objects.update(holdout_percent=5),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_who_wrote_it_does_not_activate_it_when_another_asked(writer: User, decider: User) -> None:
    version = draft(writer)
    request = ask(decider, version)
    with pytest.raises(Conflict, match="You wrote") as refused:
        approvals.approve(actor=writer, request_id=request.pk, seen_version=1)
    assert in_chinese(refused) == f"策略 {version.number} 有您编写的内容：须由他人启用。"
    assert deployment_on(DAY).champion == installed()


def test_who_wrote_one_of_its_rules_does_not_activate_it(writer: User, decider: User) -> None:
    version = draft(writer)
    versions.add_rule(actor=decider, version_id=version.pk, seen_edits=1, fields=FREEZE)
    request = ask(writer, version)
    with pytest.raises(Conflict, match="You wrote on"):
        approvals.approve(actor=decider, request_id=request.pk, seen_version=1)
    assert deployment_on(DAY).champion == installed()


def test_sent_back_it_is_edited_and_asked_for_again(writer: User, decider: User) -> None:
    version = draft(writer)
    request = ask(writer, version)
    approvals.send_back(actor=decider, request_id=request.pk, seen_version=1, comment="Freeze as well")
    versions.add_rule(actor=writer, version_id=version.pk, seen_edits=1, fields=FREEZE)
    again = ask(writer, version)
    assert again.pk == request.pk
    approvals.approve(actor=decider, request_id=again.pk, seen_version=again.version)
    assert deployment_on(DAY).champion == version


def test_a_draft_is_discarded_and_goes_nowhere_any_more(writer: User, decider: User) -> None:
    version = draft(writer)
    request = ask(writer, version)
    asked = {"actor": writer, "version_id": version.pk, "seen_edits": 1}
    with pytest.raises(Conflict, match="waits for a decision"):
        versions.discard(**asked)
    approvals.send_back(actor=decider, request_id=request.pk, seen_version=1, comment="No")
    with pytest.raises(Conflict, match="was sent back"):
        versions.discard(**asked)
    approvals.withdraw(actor=writer, request_id=request.pk, seen_version=2)
    with pytest.raises(Conflict, match="Somebody edited"):
        versions.discard(**{**asked, "seen_edits": 2})
    with pytest.raises(PermissionDenied):
        versions.discard(**{**asked, "actor": UserFactory(role="auditor")})
    client = signed_in(decider)
    done = client.post(f"/strategy/{version.number}/discard/", {"seen_edits": 1}, follow=True).content.decode()
    assert f"Strategy {version.number} is discarded." in done
    assert "Ask for activation" not in done
    assert Event.objects.get(verb="strategy.discarded").subject_id == version.pk
    version.refresh_from_db()
    assert (version.status, codes(version)) == ("discarded", [(1, "first-late")])
    for do in (
        lambda: versions.add_rule(**asked, fields=FREEZE),
        lambda: ask(writer, version),
        lambda: ask_simulation(actor=writer, version_id=version.pk, days=1, champion_id=version.pk),
        lambda: versions.discard(**asked),
    ):
        with pytest.raises(Conflict, match="is discarded"):
            do()
    assert "“Discarded” and stays" in client.get(f"/strategy/{version.number}/edit/", follow=True).content.decode()
    assert draft(writer).number == version.number + 1


def test_what_is_approved_is_not_discarded(writer: User) -> None:
    with pytest.raises(Conflict, match="keeps its rules"):
        versions.discard(actor=writer, version_id=installed().pk, seen_edits=installed().edits)


def test_who_decides_sees_the_rules_and_what_the_simulation_found(writer: User, decider: User, client: Client) -> None:
    version = draft(writer)
    client.force_login(decider)

    def page(request: Request) -> str:
        return client.get(reverse("approval", args=[request.pk])).content.decode()

    unsimulated = ask(writer, version)
    assert "was not simulated" in page(unsimulated)
    approvals.withdraw(actor=writer, request_id=unsimulated.pk, seen_version=1)
    found = Simulation.objects.create(
        version=version,
        edits=version.edits,
        champion=version,
        first_day=DAY,
        last_day=DAY,
        result={"people": 4321, "sent": 5, "withheld": 6, "held_out": 0, "call": 7, "proposed": 8},
        asked_by=writer,
        asked_by_name="Lin",
        asked_at=NOON,
    )
    shown = page(ask(writer, version, simulation_id=found.pk))
    assert "4,321" in shown
    for address in ("strategy-version", "strategy-compare"):
        assert reverse(address, args=[version.number]) in shown
    assert reverse("simulation", args=[found.pk]) in shown


def test_who_asks_and_who_decides_are_told_what_was_not_simulated(writer: User, decider: User, client: Client) -> None:
    version = draft(writer)
    run = JobRun.objects.create(
        kind="strategy-simulation", function="strategy.jobs.simulate", status="done", created_at=NOON
    )
    simulation = Simulation.objects.create(
        version=version,
        edits=version.edits,
        champion=version,
        holdout_percent=5,
        first_day=DAY - timedelta(days=2),
        last_day=DAY - timedelta(days=1),
        run=run,
        result=dict.fromkeys(("people", "sent", "withheld", "held_out", "call", "proposed"), 0),
        asked_by=writer,
        asked_by_name="Lin",
        asked_at=NOON,
    )
    other_split, changed = "The split that is asked for was not simulated", "The draft was changed since"
    address = reverse("strategy-activate", args=[version.number])

    def asking(**fields: Any) -> tuple[str, str]:
        """The page of who asks, with what it answers, and that of who decides."""
        client.force_login(writer)
        before = client.get(address).content.decode()
        assert f"{version.number} · Hold-out 5 %" in before
        assert "2026-11-21 – 2026-11-22" in before
        version.refresh_from_db()
        data = {"champion": version.number, "challenger_percent": 0, "holdout_percent": 5, "effective_from": DAY}
        answer = client.post(address, {**data, "seen_edits": version.edits, "reason": "Softer", **fields}, follow=True)
        request = Request.objects.get(status="pending")
        client.force_login(decider)
        page = client.get(reverse("approval", args=[request.pk])).content.decode()
        assert reverse("simulation", args=[simulation.pk]) in page
        approvals.withdraw(actor=writer, request_id=request.pk, seen_version=1)
        return before + answer.content.decode(), page

    for page in asking():
        assert other_split not in page
        assert changed not in page
    for page in asking(holdout_percent=6):
        assert other_split in page
        assert changed not in page
    versions.add_rule(actor=writer, version_id=version.pk, seen_edits=version.edits, fields=FREEZE)
    for page in asking():
        assert other_split not in page
        assert changed in page


def test_champion_and_challenger_and_a_roll_back(writer: User, decider: User) -> None:
    version = draft(writer)
    shares = {"champion_id": installed().pk, "challenger_id": version.pk, "challenger_percent": 20}
    first = ask(writer, version, **shares, holdout_percent=10)
    approvals.approve(actor=decider, request_id=first.pk, seen_version=1)
    found = deployment_on(DAY)
    assert (found.champion, found.challenger) == (installed(), version)
    assert (found.challenger_percent, found.holdout_percent, found.salt) == (20, 10, f"request-{first.pk}")
    more = ask(writer, version, **shares | {"challenger_percent": 40}, holdout_percent=10)
    approvals.approve(actor=decider, request_id=more.pk, seen_version=1)
    # The same two: whoever was a challenger's stays so.
    assert deployment_on(DAY).salt == found.salt
    back = ask(writer, installed())
    approvals.approve(actor=decider, request_id=back.pk, seen_version=1)
    assert (deployment_on(DAY).champion, deployment_on(DAY).challenger) == (installed(), None)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"challenger_percent": 10}, "challenger_percent"),
        ({"holdout_percent": 101}, "holdout_percent"),
        ({"holdout_percent": -1}, "holdout_percent"),
        ({"reason": " "}, "reason"),
        ({"champion_id": "installed"}, "champion"),
        ({"champion_id": "installed", "challenger_id": "self"}, "challenger_percent"),
        ({"challenger_id": "installed", "challenger_percent": 60, "holdout_percent": 41}, "holdout_percent"),
    ],
    ids=str,
)
def test_shares_that_make_no_sense_are_refused(writer: User, fields: dict[str, Any], place: str) -> None:
    version = draft(writer)
    keys = {"installed": installed().pk, "self": version.pk}
    with pytest.raises(Invalid) as refused:
        ask(writer, version, **{name: keys.get(value, value) for name, value in fields.items()})  # type: ignore[arg-type]  # percentages too
    assert refused.value.field == place
    assert not Request.objects.exists()


def test_what_cannot_be_put_in_force_is_not_asked_for(writer: User) -> None:
    empty = versions.draft(actor=writer, title="Empty")
    with pytest.raises(Conflict, match="no rule"):
        ask(writer, empty)
    version = draft(writer)
    with pytest.raises(Conflict, match="never approved"):
        ask(writer, version, champion_id=empty.pk, challenger_id=version.pk, challenger_percent=5)
    with pytest.raises(Conflict, match="2026-11-23 or later"):
        ask(writer, version, effective_from=DAY - timedelta(days=1))
    Rule.objects.filter(version=version).update(templates=["gone"])
    with pytest.raises(Conflict, match="Rule first-late: There is no “gone”") as refused:
        ask(writer, version)
    assert in_chinese(refused).startswith("规则 first-late：没有“gone”。请从中选择：")
    templates.add_template(actor=writer, name="unread", title="Unread", kind="overdue", channel="sms")
    Rule.objects.filter(version=version).update(templates=["unread"])
    with pytest.raises(Conflict, match="Rule first-late: No version of “unread” is approved yet"):
        ask(writer, version)
    Rule.objects.filter(version=version).update(action="bureau-notice", templates=[])
    with pytest.raises(Conflict, match="Rule first-late: Choose at least one template"):
        ask(writer, version)
    assert not Request.objects.exists()


def test_a_day_years_ahead_is_a_slip_of_the_pen(writer: User) -> None:
    version = draft(writer)
    with pytest.raises(Invalid, match="2062-11-23") as refused:
        ask(writer, version, effective_from=DAY.replace(year=2062))
    assert refused.value.field == "effective_from"


def test_a_close_that_began_keeps_its_strategy(writer: User, decider: User) -> None:
    request = ask(writer, draft(writer))
    DayCloseFactory(date=DAY, status="running")
    with pytest.raises(Conflict, match="2026-11-24 or later"):
        approvals.approve(actor=decider, request_id=request.pk, seen_version=1)
    assert deployment_on(DAY).champion == installed()


@pytest.mark.django_db(transaction=True)
def test_drafts_begun_at_once_have_numbers_of_their_own() -> None:
    writer = UserFactory(role="supervisor", team=None)
    at_once([lambda: versions.draft(actor=writer, title="Mine", based_on=installed().pk) for _ in range(5)])
    assert sorted(Version.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
def test_of_many_edits_at_once_one_is_written() -> None:
    writer = UserFactory(role="supervisor", team=None)
    version = draft(writer)

    def add(code: str) -> str:
        try:
            versions.add_rule(actor=writer, version_id=version.pk, seen_edits=1, fields=FREEZE | {"code": code})
        except Conflict:
            return "conflict"
        return "done"

    found = at_once([lambda code=f"rule-{n}": add(code) for n in range(5)])
    assert sorted(found) == ["conflict"] * 4 + ["done"]
    assert version.rules.count() == 2
