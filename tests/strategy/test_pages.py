"""The pages of strategies: reading, comparing, writing rule by rule, taking out and putting back, asking for activation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.models import Account
from approvals.models import Request
from cases.models import Case, Queue
from reminders.models import TemplateVersion
from reminders.services import templates
from runs.models import BusinessDay
from strategy.comparing import differences
from strategy.models import Proposal, Rule, Treatment, Version
from strategy.services import activating, versions
from strategy.words import names
from tests.clients import signed_in
from tests.factories import DAY, MOMENT, MessageFactory, UserFactory
from tests.whole_cases import late_case

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def writer() -> Client:
    return signed_in(UserFactory(username="writer", role="supervisor"))


@pytest.fixture
def draft() -> Version:
    """A draft from the installed strategy, with a second rule."""
    author = UserFactory(username="author", role="supervisor")
    made = versions.draft(actor=author, title="Second", based_on=Version.objects.get(number=1).pk)
    fields: dict[str, Any] = {
        "code": "freeze",
        "title": "Freeze",
        "days_from": 31,
        "buckets": ["M2"],
        "action": "freeze",
    }
    versions.add_rule(actor=author, version_id=made.pk, seen_edits=made.edits, fields=fields)
    made.refresh_from_db()
    return made


def edit(draft: Version) -> str:
    return reverse("strategy-edit", args=[draft.number])


def send(client: Client, draft: Version, verb: str, code: str = "", **data: Any) -> Any:
    draft.refresh_from_db()
    asked = {"verb": verb, "code": code, "seen_edits": draft.edits, **data}
    return client.post(edit(draft), asked, **HTMX)


def ask_for(draft: Version, **fields: Any) -> Request:
    """A request to put the draft in force, alone unless told otherwise."""
    draft.refresh_from_db()
    given = {"champion_id": draft.pk, "effective_from": DAY, "reason": "Better", **fields}
    author = draft.created_by
    assert author is not None
    return activating.ask_activation(actor=author, version_id=draft.pk, seen_edits=draft.edits, **given)


FORM: dict[str, Any] = {
    "title": "Call",
    "code": "call",
    "stage": "late",
    "days_from": "5",
    "days_to": "",
    "action": "freeze",
    "currency": "",
    "amount_from": "",
    "amount_to": "",
    "promise": "",
    "reachable_by": "",
    "every_days": "7",
    "retry_days": "3",
}


def codes(draft: Version) -> list[str]:
    return list(draft.rules.order_by("position").values_list("code", flat=True))


def test_the_list_says_what_is_in_force(writer: Client) -> None:
    BusinessDay.objects.create(date=DAY, opened_at=MOMENT, closed_at=MOMENT)
    page = writer.get(reverse("strategies")).content.decode()
    assert "First reminder by e-mail" in page
    assert "activated by" in page


def test_a_strategy_is_read_in_words(writer: Client, draft: Version) -> None:
    page = writer.get(reverse("strategy-version", args=[draft.number])).content.decode()
    assert "on day 1 past due" in page
    assert "from day 31 past due on" in page
    assert "bucket M2" in page
    assert "Propose to freeze" in page
    assert "once in each time of lateness" in page


def test_the_history_names_the_rule(writer: Client, draft: Version) -> None:
    page = writer.get(reverse("strategy-version", args=[draft.number])).content.decode()
    assert '<a href="#rule-freeze" class="code">freeze</a> Freeze' in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"days_from": 2, "days_to": 9}, "day 2 to 9 past due"),
        ({"stage": "before-due", "days_from": 3, "days_to": 3}, "3 days before the due date"),
        ({"stage": "before-due", "days_from": 1, "days_to": 3}, "3 to 1 days before the due date"),
        ({"stage": "promise", "days_from": 1, "days_to": 1}, "1 day before a promised payment"),
        ({"stage": "promise", "days_from": 2, "days_to": 2}, "2 days before a promised payment"),
        ({"stage": "promise", "days_from": 0, "days_to": 0}, "on the day of a promised payment"),
        ({"stage": "before-due", "days_from": 1, "days_to": 1}, "1 day before the due date"),
        ({"days_from": 1, "buckets": ["M1", "M2", "M3"]}, "bucket M1, M2 or M3"),
        ({"days_from": 1, "amount_from": "1500.5", "currency": "CNY"}, "CNY 1,500.50 or more"),
        ({"days_from": 1, "amount_from": 1, "amount_to": 2, "currency": "CNY"}, "CNY 1.00 to 2.00"),
        ({"days_from": 1, "promise": "broken"}, "the promise was broken"),
        ({"days_from": 1, "reachable_by": "sms"}, "can be reached by SMS"),
        ({"days_from": 1, "languages": ["zh-hans"]}, "reads Simplified Chinese"),
        ({"days_from": 1, "products": ["instalment"]}, "product Instalment credit"),
    ],
)
def test_every_condition_is_a_phrase(fields: dict[str, Any], said: str) -> None:
    rule = Rule(**fields, code="x", title="x", action="freeze")
    rule.clean_fields(exclude=["version", "position"])
    assert said in names().in_words(rule).conditions


@pytest.mark.parametrize("days", [1, 2])
@pytest.mark.parametrize(("stage", "said"), [("before-due", "到期日前 {} 天"), ("promise", "承诺还款日前 {} 天")])
def test_days_ahead_are_said_in_chinese_however_many(stage: str, said: str, days: int) -> None:
    rule = Rule(stage=stage, days_from=days, days_to=days, code="x", title="x", action="freeze")
    with override("zh-hans"):
        assert said.format(days) in names().in_words(rule).conditions


def test_an_installed_queue_is_named_in_the_readers_language(writer: Client, draft: Version) -> None:
    rule = Rule(version=draft, action="call", days_from=1, queue=Queue.objects.get(code="call"))
    with override("zh-hans"):
        assert names().in_words(rule).treatment == "安排致电，队列“安排的致电”"
    page = writer.get(edit(draft) + "?new=1", headers={"accept-language": "zh-hans"}).content.decode()
    assert "安排的致电" in page
    assert "Calls asked for" not in page


def test_what_differs_is_told_rule_by_rule(writer: Client, draft: Version) -> None:
    first = list(Version.objects.get(number=1).rules.all())
    assert [(one.code, one.state) for one in differences(first, list(draft.rules.all()))] == [
        ("first-late", "same"),
        ("freeze", "added"),
    ]
    page = writer.get(reverse("strategy-compare", args=[draft.number])).content.decode()
    assert "new" in page


def test_only_what_changed_its_place_among_those_that_stay_moved() -> None:
    def made(*codes: str) -> list[Rule]:
        return [Rule(code=code, title=code, days_from=1, action="freeze") for code in codes]

    found = {one.code: one.state for one in differences(made("a", "b", "c", "d"), made("d", "a", "c", "e"))}
    assert found == {"d": "moved", "a": "same", "c": "same", "e": "added", "b": "removed"}


def test_rules_move_are_copied_taken_out_and_put_back(writer: Client, draft: Version) -> None:
    assert send(writer, draft, "up", "freeze").status_code == 200
    assert codes(draft) == ["freeze", "first-late"]
    send(writer, draft, "down", "freeze")
    send(writer, draft, "copy", "first-late")
    assert codes(draft) == ["first-late", "first-late-2", "freeze"]
    answer = send(writer, draft, "remove", "first-late-2")
    assert codes(draft) == ["first-late", "freeze"]
    assert "is taken out" in answer.content.decode()
    send(writer, draft, "restore", removed=answer.context["removed"])
    assert codes(draft) == ["first-late", "first-late-2", "freeze"]
    assert draft.rules.get(code="first-late-2").templates == ["first-late"]


def test_a_rule_is_added_and_changed_by_its_form(writer: Client, draft: Version) -> None:
    page = writer.get(edit(draft) + "?new=1", **HTMX).content.decode()
    assert 'id="rule-form"' in page
    answer = send(writer, draft, "save", **{**FORM, "buckets": ["M1", "M2"]})
    assert "is saved" in answer.content.decode()
    made = draft.rules.get(code="call")
    assert (made.days_from, made.days_to, made.buckets, made.every_days) == (5, None, ["M1", "M2"], 7)
    send(writer, draft, "save", opened="call", **{**FORM, "title": "Sooner", "days_from": "3"})
    made.refresh_from_db()
    assert (made.title, made.days_from, made.buckets) == ("Sooner", 3, [])


def test_a_template_without_an_approved_version_says_so_where_it_is_chosen(writer: Client, draft: Version) -> None:
    author = UserFactory(role="supervisor")
    templates.add_template(actor=author, name="unread", title="Unread", kind="overdue", channel="sms")
    for language, unread, first in (
        ("en", "Unread · Overdue · not approved yet", "First reminder · Overdue"),
        ("zh-hans", "Unread · 逾期 · 尚未批准", "首次提醒 · 逾期"),
    ):
        page = writer.get(edit(draft) + "?new=1", **HTMX, headers={"accept-language": language}).content.decode()
        # In each of the three fields.
        assert page.count(f'<option value="unread">{unread}</option>') == 3
        assert page.count(f'<option value="first-late">{first}</option>') == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"days_from": "0"}, "too early"),
        ({"days_from": "999999999999"}, "“From day”: “999999999999” is too much: expected at most 32767."),
        ({"days_to": "999999999999"}, "“To day”: “999999999999” is too much: expected at most 32767."),
        ({"retry_days": "61"}, "“Tried again for days”: “61” is too much: expected at most 60."),
        ({"days_from": "9999-12-31"}, "“From day”: “9999-12-31” is no whole number: expected one such as 3."),
        (
            {"action": "message", "stage": "before-due", "days_to": "9", "template_0": "first-late"},
            "Choose a template about: Before the due date.",
        ),
        ({"days_from": "9", "days_to": "3"}, "lies before the first"),
        ({"action": "message"}, "at least one template"),
        ({"action": "call"}, "Choose the queue"),
        ({"title": ""}, "is empty. Fill it in"),
        ({"code": "Not A Code"}, "Small letters, digits and hyphens"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field_and_nothing_is_lost(
    writer: Client, draft: Version, data: dict[str, str], said: str
) -> None:
    answer = send(writer, draft, "save", **{**FORM, "every_days": "13", **data})
    page = answer.content.decode()
    assert said in page
    assert 'value="13"' in page
    assert codes(draft) == ["first-late", "freeze"]


def test_conditions_that_nobody_meets_are_warned_of_wherever_the_rule_is_shown(writer: Client, draft: Version) -> None:
    UserFactory(role="administrator", team=None)
    send(writer, draft, "save", **{**FORM, "days_from": "61", "buckets": ["M1", "M3"], "risk_classes": ["normal"]})
    draft.refresh_from_db()
    assert draft.rules.get(code="call").days_from == 61, "a warning keeps nobody from saving"
    for name in ("strategy-edit", "strategy-version", "strategy-activate"):
        page = writer.get(reverse(name, args=[draft.number])).content.decode()
        assert page.count("no account is in M1 (1–30), unless it is in a plan") == 1, name
        assert page.count("Fits nobody: on the rule&#x27;s days past due no account is in Normal (0)") == 1, name
    asked = ask_for(draft)
    writer.force_login(UserFactory(role="administrator", team=None))
    page = writer.get(reverse("approval", args=[asked.pk])).content.decode()
    assert "Rules with conditions that nobody meets" in page
    assert page.count(f"{reverse('strategy-version', args=[draft.number])}#rule-call") == 1


def test_a_template_that_nobody_approved_yet_is_warned_of_at_its_rule(writer: Client, draft: Version) -> None:
    TemplateVersion.objects.filter(template__name="first-late").update(status="retired")
    for name in ("strategy-edit", "strategy-version", "strategy-activate"):
        page = writer.get(reverse(name, args=[draft.number])).content.decode()
        assert page.count("No version of “first-late” is approved yet.") == 1, name


def test_a_stale_screen_changes_nothing(writer: Client, draft: Version) -> None:
    old = draft.edits
    send(writer, draft, "up", "freeze")
    answer = send(writer, draft, "remove", "freeze", seen_edits=old)
    assert "Somebody edited this strategy" in answer.content.decode()
    assert len(codes(draft)) == 2
    assert writer.post(edit(draft), {"verb": "remove", "code": "freeze", "seen_edits": old}).status_code == 409


def test_what_a_stale_screen_typed_is_saved_when_pressed_again(writer: Client, draft: Version) -> None:
    old = draft.edits
    send(writer, draft, "up", "freeze")
    answer = send(writer, draft, "save", opened="freeze", **{**FORM, "title": "Typed", "seen_edits": old})
    assert "Somebody edited this strategy" in answer.content.decode()
    assert draft.rules.get(code="freeze").title == "Freeze"
    form = answer.context["form"]
    assert form["title"].value() == "Typed"
    send(writer, draft, "save", opened="freeze", **{**FORM, "title": "Typed", "seen_edits": form["seen_edits"].value()})
    assert draft.rules.get(code="freeze").title == "Typed"


def test_a_screen_of_what_is_approved_by_now_is_led_to_its_page(writer: Client, draft: Version) -> None:
    Version.objects.filter(pk=draft.pk).update(status="approved")
    answer = send(writer, draft, "up", "freeze")
    assert answer["HX-Redirect"] == reverse("strategy-version", args=[draft.number])
    assert not answer.content


def test_the_copy_of_a_long_code_has_a_code(writer: Client, draft: Version) -> None:
    send(writer, draft, "save", **{**FORM, "code": "a" * 35 + "-bbbb"})
    send(writer, draft, "copy", "a" * 35 + "-bbbb")
    assert "a" * 35 + "-2" in codes(draft)


@pytest.mark.parametrize(
    "data", [{"verb": "nothing"}, {"verb": "up", "seen_edits": "x"}, {"verb": "restore", "removed": "forged:x"}]
)
def test_forged_requests_are_refused(writer: Client, draft: Version, data: dict[str, str]) -> None:
    assert writer.post(edit(draft), {"code": "freeze", "seen_edits": str(draft.edits), **data}).status_code == 400


def test_a_draft_is_begun_and_activation_asked_for(writer: Client) -> None:
    UserFactory(role="supervisor")
    answer = writer.post(reverse("strategy-draft"), {"title": "Third", "based_on": "1"})
    version = Version.objects.get(title="Third")
    assert answer.url == edit(version)
    data = {
        "champion": version.number,
        "challenger": "",
        "challenger_percent": "0",
        "holdout_percent": "10",
        "effective_from": "2027-01-04",
        "seen_edits": version.edits,
        "reason": "Better",
    }
    wrong = writer.post(reverse("strategy-activate", args=[version.number]), {**data, "holdout_percent": "101"})
    assert wrong.status_code == 422
    stale = writer.post(reverse("strategy-activate", args=[version.number]), {**data, "seen_edits": "99"})
    assert "Somebody edited this strategy" in stale.content.decode()
    form = stale.context["form"]
    assert (form["seen_edits"].value(), form["reason"].value()) == (str(version.edits), "Better")
    writer.post(reverse("strategy-activate", args=[version.number]), data)
    asked = Request.objects.get()
    assert asked.payload["holdout_percent"] == 10
    page = writer.get(reverse("strategy-version", args=[version.number])).content.decode()
    assert "waits for a decision" in page
    assert "Write on" not in page
    assert reverse("strategy-simulate", args=[version.number]) not in page
    assert 'name="reason"' not in writer.get(reverse("strategy-activate", args=[version.number])).content.decode()

    # While somebody decides it is only read, and says why: once.
    assert '<button class="do"' not in writer.get(f"{edit(version)}?new=1", **HTMX).content.decode()
    refused = send(writer, version, "remove", code=version.rules.first().code).content.decode()
    assert refused.count("waits for a decision") == 1
    assert "Add a rule" not in refused


def test_treatments_and_the_panel_say_what_was_done_and_why() -> None:
    case = late_case()
    rule = Rule.objects.get(code="first-late")
    account = Account.objects.get(customer=case.customer)
    Treatment.objects.create(
        business_day=DAY,
        customer=case.customer,
        account=account,
        rule=rule,
        code=rule.code,
        anchor_on=DAY,
        arm="holdout",
        action="message",
        outcome="held-out",
        created_at=MOMENT,
    )
    lead = signed_in(UserFactory(username="lead", role="supervisor", team=case.team))
    page = lead.get(reverse("treatments"), {"code": "first-late"}).content.decode()
    assert account.ref in page
    assert f'href="{reverse("case", args=[case.ref])}"' in page
    assert "Held out" in page
    assert account.ref not in lead.get(reverse("treatments"), {"outcome": "refused"}).content.decode()
    file = b"".join(lead.get(reverse("treatments-export"))).decode()  # type: ignore[arg-type]
    assert account.ref in file
    beside = signed_in(UserFactory(username="caller", team=case.team)).get(reverse("case-beside", args=[case.ref]))
    assert "Treated by the strategy" in beside.content.decode()
    elsewhere = signed_in(UserFactory(username="other", role="supervisor", team=None))
    assert account.ref not in elsewhere.get(reverse("treatments")).content.decode()
    Case.objects.update(status="cured", closed_on=DAY)
    assert reverse("case", args=[case.ref]) not in lead.get(reverse("treatments")).content.decode()


@pytest.mark.parametrize(
    ("became", "said"),
    [
        ({"status": "withheld", "held_by": "nothing-left"}, ("Withheld", "nothing left to tell")),
        ({"status": "sent", "delivery": "bounced"}, ("Sent", "Bounced")),
    ],
)
def test_treatments_say_what_became_of_their_messages(became: dict[str, str], said: tuple[str, str]) -> None:
    case = late_case()
    account = Account.objects.get(customer=case.customer)
    Treatment.objects.create(
        business_day=DAY,
        customer=case.customer,
        account=account,
        rule=Rule.objects.get(code="first-late"),
        code="first-late",
        anchor_on=DAY,
        arm="champion",
        action="message",
        outcome="queued",
        message=MessageFactory(key="became", customer=case.customer, **became),
        created_at=MOMENT,
    )
    lead = signed_in(UserFactory(username="lead", role="supervisor", team=case.team))
    page = lead.get(reverse("treatments")).content.decode()
    beside = lead.get(reverse("case-beside", args=[case.ref])).content.decode()
    for words in said:
        assert words in page
        assert words in beside
    file = b"".join(lead.get(reverse("treatments-export"))).decode()  # type: ignore[arg-type]
    assert said[0] in file


def test_a_proposal_is_dismissed_with_a_reason() -> None:
    case = late_case()
    account = Account.objects.get(customer=case.customer)
    made = Proposal.objects.create(
        account=account, kind="freeze", rule=Rule.objects.get(code="first-late"), business_day=DAY
    )
    lead = signed_in(UserFactory(username="lead", role="supervisor", team=case.team))
    assert account.ref in lead.get(reverse("proposals")).content.decode()
    address = reverse("proposal", args=[made.pk])
    assert f'href="{reverse("case", args=[case.ref])}"' in lead.get(address).content.decode()
    # It says how it is taken up, with the way there.
    assert f'href="{reverse("freeze", args=[account.ref])}"' in lead.get(address).content.decode()
    Proposal.objects.filter(pk=made.pk).update(kind="plan")
    assert f'href="{reverse("plan-new", args=[account.ref])}"' in lead.get(address).content.decode()
    Proposal.objects.filter(pk=made.pk).update(kind="refer")
    assert "It is done outside this program" in lead.get(address).content.decode()
    assert lead.post(address, {"seen_version": "1", "reason": ""}).status_code == 422
    assert lead.post(address, {"seen_version": "7", "reason": "No"}).status_code == 422
    assert lead.post(address, {"seen_version": "1", "reason": "Paid today"}).status_code == 302
    made.refresh_from_db()
    assert (made.status, made.reason) == ("dismissed", "Paid today")
    assert "How it is taken up" not in lead.get(address).content.decode()
    assert account.ref not in lead.get(reverse("proposals")).content.decode()
    assert account.ref in lead.get(reverse("proposals"), {"status": ""}).content.decode()
