"""The page of a case: everything on it, in few queries however much there is."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Customer
from cases.models import Case, PromiseInstalment
from cases.services import disputes, promises
from cases.services.notes import add_note
from cases.views import VERBS
from compliance.models import ContactRule
from compliance.selectors import look
from compliance.services import agreements, flags, register
from compliance.services.gate import may_contact
from runs import clock
from staff.models import User
from tests.factories import (
    DAY,
    MOMENT,
    AccountFactory,
    BillFactory,
    BusinessDayFactory,
    ComplaintFactory,
    ContactPointFactory,
    HoldFactory,
    StandingFactory,
    UserFactory,
)
from tests.whole_cases import workable_case

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]
MOST_QUERIES = 14  # the page itself 12: the forms with a promise ask for her limit, those with a dispute for its terms


@pytest.fixture
def case(case: Case, lead: User) -> Case:
    """Hers already."""
    case.assignee = lead
    case.save()
    return case


def busy(case: Case, lead: User, rows: int) -> None:
    """So many of everything that the page lists."""
    person = {"actor": lead, "customer_id": case.customer_id}
    for number in range(rows):
        account = AccountFactory(customer=case.customer)
        StandingFactory(account=account)
        BillFactory(account=account)
        HoldFactory(account=account)
        ContactPointFactory(customer=case.customer, kind="mobile", clear=f"1370000{number:04d}")
        ContactPointFactory(customer=case.customer, clear=f"a{number}@example.com")
        ContactPointFactory(customer=case.customer, kind="address", clear=f"{number} Main Street")
        register.log_inbound(**person, channel="voice", outcome="refused", note="Later")
        add_note(actor=lead, case_id=case.pk, text="Seen")
        ComplaintFactory(customer=case.customer)
    flags.place_flag(**person, kind="hardship", from_on=DAY, evidence="A letter")


@pytest.mark.parametrize("rows", [2, 20])
def test_the_page_asks_little_however_much_it_shows(
    case: Case, lead: User, desk: Client, django_assert_max_num_queries, rows: int
) -> None:
    busy(case, lead, rows)
    for address in (f"/cases/{case.ref}/", *(f"/cases/{case.ref}/{verb.code}/" for verb in VERBS if not verb.target)):
        with django_assert_max_num_queries(MOST_QUERIES):
            desk.get(address)


def test_the_page_asks_little_while_places_are_held(
    case: Case, lead: User, desk: Client, django_assert_max_num_queries
) -> None:
    """The user's own, on a case that is nobody's, and another's."""
    Case.objects.update(assignee=None)
    point = case.customer.contact_points.get(relationship="own")
    for actor in (lead, UserFactory()):
        may_contact(actor=actor, customer=case.customer, contact_point=point, channel="voice", purpose="collection")
    with django_assert_max_num_queries(15):
        assert "your place is kept" in desk.get(f"/cases/{case.ref}/").content.decode()


def stands_open(case: Case, lead: User) -> None:
    """A deferral, a hold, and a dispute with its own."""
    account = case.customer.accounts.get()
    for kind in ("deferral", "contact"):
        HoldFactory(account=account, kind=kind)
    version = case.version
    disputes.open_dispute(actor=lead, case_id=case.pk, seen_version=version, reason="amount", statement="Too much")


@pytest.mark.parametrize(
    ("role", "told"),
    [
        (
            "collector",
            {"close it: Bureau officer, Legal officer, Supervisor", "ask for its end: Supervisor", "lift it: Senior"},
        ),
        ("senior-collector", {"close it: Bureau officer, Legal officer, Supervisor", "ask for its end: Supervisor"}),
        ("legal-officer", {"lift it: Senior collector, Supervisor", "ask for its end: Supervisor"}),
        ("supervisor", set()),
    ],
)
def test_who_may_not_end_what_stands_open_reads_who_may(
    case: Case, lead: User, client: Client, role: str, told: set[str]
) -> None:
    client.force_login(UserFactory(role=role))
    assert "May " not in matters_on(client, case).replace("May be", "")
    stands_open(case, lead)
    shown = matters_on(client, case)
    assert shown.count('<p class="muted">May ') == len(told)
    assert all(f"May {words}" in shown for words in told)
    # To lift the deferral is offered to who may alone.
    deferral = case.customer.accounts.get().holds.get(kind="deferral")
    assert (f"/lift/{deferral.pk}/" in shown) == (role == "supervisor")


def matters_on(client: Client, case: Case) -> str:
    page = client.get(f"/cases/{case.ref}/").content.decode()
    return page.split('id="matters-title"')[1].split("</section>")[0]


def test_who_may_end_it_costs_one_query_and_none_where_nothing_stands_open(
    case: Case, lead: User, client: Client, django_assert_num_queries
) -> None:
    client.force_login(UserFactory())
    with CaptureQueriesContext(connection) as before:
        client.get(f"/cases/{case.ref}/")
    assert not any("permission" in query["sql"] and "ARRAY_AGG" in query["sql"] for query in before)
    stands_open(case, lead)
    with django_assert_num_queries(len(before) + 1):
        client.get(f"/cases/{case.ref}/")


def test_the_forms_of_a_hold_and_of_a_dispute_say_who_may_end_it(case: Case, desk: Client, client: Client) -> None:
    sentences = {"hold": "Once it stands, these may lift it: ", "dispute": "Once it is open, these may close it: "}
    for code, sentence in sentences.items():
        assert sentence not in desk.get(f"/cases/{case.ref}/{code}/").content.decode()
    client.force_login(UserFactory())
    for code, sentence in sentences.items():
        assert sentence in client.get(f"/cases/{case.ref}/{code}/").content.decode()


def test_a_panel_alone_asks_less_than_the_page(case: Case, desk: Client, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(8):
        desk.get(f"/cases/{case.ref}/note/", headers={"HX-Request": "true"})


def test_the_head_says_who_works_it_what_stands_open_and_whether_one_may_call(
    case: Case, lead: User, desk: Client
) -> None:
    seen = {"actor": lead, "case_id": case.pk}
    promises.take_promise(**seen, seen_version=case.version, instalments=[(DAY + timedelta(days=5), Decimal(500))])
    version = Case.objects.get(pk=case.pk).version
    disputes.open_dispute(**seen, seen_version=version, reason="amount", statement="Too much")
    flags.place_flag(actor=lead, customer_id=case.customer_id, kind="vulnerable", from_on=DAY, evidence="A letter")
    ComplaintFactory(customer=case.customer)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    head = page[page.index('id="case-head"') : page.index('id="case-debts"')]
    for words in ("Wang", "Team 1", "Promised by 2026-11-27", "In dispute", "Vulnerable", "Complaint", "call"):
        assert words in head, words


def head_of(desk: Client, case: Case) -> str:
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    return page[page.index('id="case-head"') : page.index('id="case-debts"')]


def test_the_head_names_the_next_part_of_a_promise_that_is_kept_so_far(case: Case, lead: User, desk: Client) -> None:
    parts = [(DAY + timedelta(days=days), Decimal(250)) for days in (0, 5)]
    promises.take_promise(actor=lead, case_id=case.pk, seen_version=case.version, instalments=parts)
    PromiseInstalment.objects.filter(number=1).update(status="kept")
    assert "Promised by 2026-11-27" in head_of(desk, case)


def test_the_head_says_what_is_owed_in_other_currencies_too(case: Case, desk: Client) -> None:
    assert "$" not in head_of(desk, case)
    account = AccountFactory(customer=case.customer, currency="USD")
    BillFactory(account=account, due_on=DAY - timedelta(days=40), principal=Decimal(700))
    figures = re.findall(r"<small>\+ (.*?)</small>", head_of(desk, case))
    assert [re.sub(r"<.*?>", "", figure) for figure in figures] == ["$700.00", "$700.00"], "overdue, owed"


def test_a_hold_that_ended_yesterday_stands_open_no_more_though_that_day_is_the_last_closed(
    case: Case, desk: Client
) -> None:
    yesterday = DAY - timedelta(days=1)
    BusinessDayFactory(date=yesterday)
    account = case.customer.accounts.get()
    for ends_on, shown in ((yesterday, False), (DAY, True)):
        HoldFactory(account=account, starts_on=yesterday, ends_on=ends_on, reason=f"until {ends_on}")
        assert (f"until {ends_on}" in desk.get(f"/cases/{case.ref}/").content.decode()) == shown


def test_who_lifts_a_hold_from_tomorrow_on_hears_that_it_holds_today(case: Case, lead: User, desk: Client) -> None:
    hold = HoldFactory(account=case.customer.accounts.get(), starts_on=DAY)
    lifted = {"last_day": DAY.isoformat(), "reason": "Answered", "seen_version": case.version}
    answer = desk.post(f"/cases/{case.ref}/lift/{hold.pk}/", lifted, headers={"HX-Request": "true"})
    assert f"The hold ends with {DAY}: until then it holds." in answer.content.decode()


def test_how_long_one_may_hold_is_said_where_it_is_entered(case: Case, client: Client) -> None:
    client.force_login(UserFactory(role="collector", team=case.team))
    page = client.get(f"/cases/{case.ref}/hold/").content.decode()
    assert "You may hold for 30 days: give a last day." in page
    assert "Blank: until further notice" not in page


def test_a_complaint_past_its_deadline_says_so(case: Case, desk: Client) -> None:
    ComplaintFactory(customer=case.customer, due_on=DAY)
    assert '<span class="pill mustnot">Overdue</span>' not in desk.get(f"/cases/{case.ref}/").content.decode()
    ComplaintFactory(customer=case.customer, due_on=DAY - timedelta(days=1))
    assert '<span class="pill mustnot">Overdue</span>' in desk.get(f"/cases/{case.ref}/").content.decode()


def test_each_account_says_as_of_which_day_it_is_told(case: Case, desk: Client) -> None:
    later = AccountFactory(customer=case.customer)
    BusinessDayFactory(date=DAY - timedelta(days=1))
    Account.objects.filter(pk=later.pk).update(aged_on=DAY)
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    days = re.findall(r"as of ([0-9-]+)", page)
    assert sorted(days) == [(DAY - timedelta(days=1)).isoformat(), DAY.isoformat()]


def test_the_document_behind_a_flag_is_at_hand_for_those_who_may_read_it(
    case: Case, lead: User, client: Client, settings: LazySettings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    given = {"kind": "hardship", "from_on": DAY, "evidence": "A letter"}
    document = SimpleUploadedFile("a.pdf", b"%PDF-1.7 x")
    flag = flags.place_flag(actor=lead, customer_id=case.customer_id, **given, evidence_file=document)
    address = f"/flags/{flag.pk}/document/"
    for role, is_linked in (("supervisor", True), ("legal-officer", True), ("collector", False)):
        client.force_login(UserFactory(role=role, team=case.team))
        page = client.get(f"/cases/{case.ref}/").content.decode()
        assert (address in page, "A document is kept with it." in page) == (is_linked, not is_linked)
        assert (client.get(address).status_code == 200) == is_linked


@pytest.mark.parametrize("page", ["", "call/", "note/"])
def test_every_page_of_a_case_is_under_my_work_for_who_works_it_and_under_the_worklist_for_others(
    case: Case, lead: User, desk: Client, page: str
) -> None:
    def marked() -> str:
        content = desk.get(f"/cases/{case.ref}/{page}").content.decode()
        return content[: content.index('aria-current="page"')].rsplit("<a ", 1)[1]

    Case.objects.filter(pk=case.pk).update(assignee=None)
    assert 'href="/worklist/"' in marked()
    Case.objects.filter(pk=case.pk).update(assignee=lead)
    assert 'href="/"' in marked()


def test_the_gate_is_heard_for_every_number_of_the_customers(case: Case, desk: Client) -> None:
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "You may call this number now" in page
    assert "third persons" in page
    with clock.frozen(MOMENT + timedelta(hours=11)):  # 23:00
        assert "You may call this number now" not in desk.get(f"/cases/{case.ref}/").content.decode()


def test_what_bars_the_person_is_said_of_every_address_and_not_of_calls_alone(
    case: Case, lead: User, desk: Client
) -> None:
    ContactPointFactory(customer=case.customer)
    assert "You may write an e-mail now" in desk.get(f"/cases/{case.ref}/").content.decode()
    flags.place_flag(
        actor=lead, customer_id=case.customer_id, kind="deceased", from_on=clock.today(), evidence="The family said so"
    )
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "You may" not in page
    assert (
        f"Do not write an e-mail: Deceased since {clock.today()}: contact the representative only: none"
        in html.unescape(page)
    )


@pytest.mark.parametrize(
    ("kind", "no"),
    [("email", "Do not write an e-mail"), ("push", "Do not send an app push"), ("address", "Do not send a letter")],
)
def test_the_gate_is_heard_for_an_address_of_who_has_no_telephone(
    case: Case, lead: User, client: Client, kind: str, no: str
) -> None:
    case.customer.contact_points.all().delete()
    ContactPointFactory(customer=case.customer, kind=kind, clear="a@example.com")
    flags.place_flag(
        actor=lead, customer_id=case.customer_id, kind="vulnerable", from_on=clock.today(), evidence="A letter"
    )
    client.force_login(UserFactory())
    page = html.unescape(client.get(f"/cases/{case.ref}/").content.decode())
    assert f"{no}: Vulnerable since {clock.today()}: only who may contact vulnerable customers does" in page
    assert "Refused by “flags of the person”" in page
    assert "You may" not in page
    answer = look(customer_id=case.customer_id, channels=[{"address": "letter"}.get(kind, kind)], actor=lead)
    assert [one.verdict.allowed for one in answer] == [True]
    client.force_login(lead)
    assert no not in client.get(f"/cases/{case.ref}/").content.decode()


def test_an_address_says_when_the_messages_of_the_day_are_used_up(case: Case, lead: User, desk: Client) -> None:
    point = ContactPointFactory(customer=case.customer)
    while look(customer_id=case.customer_id, channels=["email"])[0].verdict.allowed:
        may_contact(actor=lead, customer=case.customer, contact_point=point, channel="email", purpose="collection")
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    assert "Do not write an e-mail now: enough of these went out already" in page
    assert "You may call this number now" in page


def test_each_answer_of_the_gate_says_under_which_dated_rule(case: Case, desk: Client) -> None:
    def told() -> list[str]:
        page = html.unescape(desk.get(f"/cases/{case.ref}/").content.decode())
        return re.findall(r'<details class="source"><summary>.*?</summary><p>(.*?)</p></details>', page)

    hours, third = ContactRule.objects.get(code="contact-hours", version=2), "third persons” (cn/third-person), version"
    dated = f"contact hours” (cn/contact-hours), version 2, in force from 2026-01-30. Source: {hours.source}"
    yes, no = told()
    assert yes == f"Every rule allows, last “{dated}"
    assert no.startswith(f"Refused by “{third}")
    with clock.frozen(MOMENT + timedelta(hours=11)):  # 23:00
        assert f"Refused by “{dated}" in told()
    Customer.objects.update(time_zone="Nowhere/Else")
    assert told() == ["No rule could be read or decided on what is known: what is not known is refused."] * 2


def test_agreed_hours_and_the_last_contact_are_shown(case: Case, lead: User, desk: Client) -> None:
    agreements.agree_hours(
        actor=lead,
        customer_id=case.customer_id,
        opens=MOMENT.time().replace(hour=10),
        closes=MOMENT.time().replace(hour=20),
        from_on=DAY,
        evidence="Said so",
    )
    Case.objects.filter(pk=case.pk).update(contacted_at=MOMENT, follow_up_on=DAY + timedelta(days=2))
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    for words in ("10:00 – 20:00", "2026-11-22 12:00", "2026-11-24"):
        assert words in page, words


def test_no_cache_keeps_a_case(case: Case, desk: Client) -> None:
    assert desk.get(f"/cases/{case.ref}/")["Cache-Control"] == "private, no-store"


def test_the_keys_are_those_of_the_buttons(case: Case, desk: Client) -> None:
    keys = [verb.key for verb in VERBS if verb.key]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("jkns/?")
    page = desk.get(f"/cases/{case.ref}/").content.decode()
    for verb in VERBS:
        if verb.target is None and verb.code != "take":  # it is hers already
            assert f'data-key="{verb.key}"' in page


@pytest.mark.django_db
def test_who_can_do_nothing_has_no_card_of_actions(client: Client) -> None:
    case = workable_case()
    client.force_login(UserFactory(role="auditor"))
    page = client.get(f"/cases/{case.ref}/").content.decode()
    assert "actions-card" not in page
    assert re.findall("<kbd>(.+?)</kbd>", page[page.index('id="keys"') :]) == ["/", "?", "Esc"]
    client.force_login(UserFactory(role="supervisor"))
    assert "actions-card" in client.get(f"/cases/{case.ref}/").content.decode()
