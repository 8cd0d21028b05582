"""Complaints: their deadlines, who answers them and who may not, and the register's pages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from accounts.errors import Conflict, Invalid
from audit.models import Event
from compliance.filters import ComplaintFilter
from compliance.models import Complaint, ComplaintTerms
from compliance.selectors import complaints_to_answer
from compliance.services import complaints
from runs import clock
from tests.factories import (
    DAY,
    MOMENT,
    CaseFactory,
    ComplaintFactory,
    ContactFactory,
    CustomerFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(now):
    return UserFactory(role="supervisor", display_name="Chen")


def enter(lin, customer=None, **fields) -> Complaint:
    customer = customer or CustomerFactory()
    return complaints.open_complaint(
        **({"actor": lin, "customer_id": customer.pk, "reason": "hours", "channel": "voice", "text": "At night!",
            "received_on": DAY} | fields)
    )  # fmt: skip


@pytest.mark.parametrize(("reason", "days"), [("hours", 15), ("credit-record", 20)])
def test_the_deadline_is_that_of_the_reason_on_the_day_it_came(lin, reason, days) -> None:
    complaint = enter(lin, reason=reason)
    assert complaint.due_on == DAY + timedelta(days=days)
    assert complaint.ref == f"CP{complaint.pk:08d}"
    event = Event.objects.get(verb="complaint.opened")
    assert event.customer_id == complaint.customer_id
    assert "night" not in str(event.after)


def test_a_later_deadline_holds_for_what_comes_later_and_a_reasons_own_before_the_general(lin, chief) -> None:
    common = {"actor": chief, "source": "Policy"}
    complaints.add_terms(**common, reason="", answer_days=10, effective_from=DAY)
    assert enter(lin).due_on == DAY + timedelta(days=10)
    assert enter(lin, received_on=DAY - timedelta(days=1)).due_on == DAY + timedelta(days=14)
    assert enter(lin, reason="credit-record").due_on == DAY + timedelta(days=20)
    complaints.add_terms(**common, reason="hours", answer_days=3, effective_from=DAY - timedelta(days=9))
    assert enter(lin).due_on == DAY + timedelta(days=3)
    with pytest.raises(Conflict, match="already"):
        complaints.add_terms(**common, reason="", answer_days=9, effective_from=DAY)


def test_without_a_deadline_in_force_none_is_entered(lin) -> None:
    with pytest.raises(Conflict, match="No deadline"):
        enter(lin, received_on=date(2019, 1, 1))
    ComplaintTerms.objects.all().delete()
    with pytest.raises(Conflict, match="No deadline"):
        enter(lin)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": " "}, "text"),
        ({"reason": "weather"}, "reason"),
        ({"channel": "pigeon"}, "channel"),
        ({"received_on": DAY + timedelta(days=1)}, "received_on"),
    ],
)
def test_what_is_no_complaint_is_refused_at_its_field(lin, fields, field) -> None:
    with pytest.raises(Invalid) as refused:
        enter(lin, **fields)
    assert refused.value.field == field


def test_one_about_a_contact_is_about_who_made_it(lin) -> None:
    contact = ContactFactory(actor=lin)
    complaint = enter(lin, contact.customer, contact_id=contact.pk)
    assert (complaint.contact, complaint.about) == (contact, lin)
    with pytest.raises(Invalid, match="not this customer's"):
        enter(lin, contact_id=contact.pk)


def test_nobody_handles_or_closes_a_complaint_about_herself(lin, chief) -> None:
    with pytest.raises(Invalid, match="somebody else"):
        enter(lin, about_id=chief.pk, handler_id=chief.pk)
    complaint = enter(lin, about_id=chief.pk)
    with pytest.raises(Invalid, match="somebody else"):
        complaints.hand_to(actor=lin, complaint_id=complaint.pk, seen_version=1, handler_id=chief.pk)
    with pytest.raises(Conflict, match="about you"):
        complaints.hand_to(
            actor=chief, complaint_id=complaint.pk, seen_version=1, handler_id=UserFactory(role="supervisor").pk
        )
    with pytest.raises(Conflict, match="about you"):
        complaints.close_complaint(
            actor=chief, complaint_id=complaint.pk, seen_version=1, status="rejected", answer="No"
        )
    other = UserFactory(role="supervisor")
    complaints.close_complaint(actor=other, complaint_id=complaint.pk, seen_version=1, status="upheld", answer="Sorry")
    assert Complaint.objects.get().status == "upheld"


def test_it_is_handed_over_and_closed_once_with_an_answer(lin, chief) -> None:
    complaint = enter(lin)
    handed = complaints.hand_to(actor=chief, complaint_id=complaint.pk, seen_version=1, handler_id=chief.pk)
    assert (handed.handler, handed.version) == (chief, 2)
    with pytest.raises(Conflict, match="handles this complaint already"):
        complaints.hand_to(actor=chief, complaint_id=complaint.pk, seen_version=2, handler_id=chief.pk)
    with pytest.raises(Invalid, match="does not work here"):
        complaints.hand_to(
            actor=chief, complaint_id=complaint.pk, seen_version=2, handler_id=UserFactory(is_active=False).pk
        )
    for wrong in ({"status": "open"}, {"status": "lost"}, {"answer": ""}):
        with pytest.raises(Invalid):
            complaints.close_complaint(
                **({"actor": chief, "complaint_id": complaint.pk, "seen_version": 2, "status": "partly", "answer": "Sorry"}
                   | wrong)
            )  # fmt: skip
    closed = complaints.close_complaint(
        actor=chief, complaint_id=complaint.pk, seen_version=2, status="partly", answer="Sorry"
    )
    assert (closed.status, closed.closed_at, closed.closed_by_name, closed.version) == ("partly", MOMENT, "Chen", 3)
    assert Event.objects.get(verb="complaint.closed").after == {"status": "partly", "in_time": True}
    with pytest.raises(Conflict, match="Chen closed"):
        complaints.close_complaint(
            actor=chief, complaint_id=complaint.pk, seen_version=3, status="partly", answer="Sorry"
        )


def test_a_stale_screen_is_refused_with_who_changed_it(lin, chief) -> None:
    complaint = enter(lin)
    complaints.hand_to(actor=chief, complaint_id=complaint.pk, seen_version=1, handler_id=chief.pk)
    with pytest.raises(Conflict, match="Chen changed"):
        complaints.close_complaint(
            actor=UserFactory(role="supervisor"), complaint_id=complaint.pk, seen_version=1, status="upheld", answer="x"
        )


# --- The pages


@pytest.fixture
def desk(client: Client, chief) -> Client:
    client.force_login(chief)
    return client


def in_team(name: str = "Team 1", **fields) -> Complaint:
    return ComplaintFactory(customer=CaseFactory(team=TeamFactory(name=name)).customer, **fields)


def refs(client: Client, query: str = "") -> list[str]:
    return [complaint.ref for complaint in client.get(f"/complaints/{query}").context["page"].object_list]


def test_the_register_shows_the_most_urgent_first_and_is_narrowed(desk: Client, chief, lin) -> None:
    late = in_team(ref="CP1", due_on=DAY - timedelta(days=1), received_on=DAY - timedelta(days=16))
    soon = in_team(ref="CP2", due_on=DAY + timedelta(days=1), handler=chief, reason="privacy", channel="letter")
    done = in_team(ref="CP3", status="upheld", closed_at=MOMENT, due_on=DAY - timedelta(days=3), about=lin)
    in_team("Team 2", ref="CP4")
    assert refs(desk) == ["CP1", "CP2", "CP3"]
    for query, expected in {
        "?status=open": [late, soon],
        "?overdue=on": [late],
        "?reason=privacy": [soon],
        "?channel=letter": [soon],
        f"?handler={chief.pk}": [soon],
        "?unhandled=on": [late],
        f"?about={lin.pk}": [done],
        "?q=cp3": [done],
        f"?q={late.customer.ref}": [late],
        f"?received_from={DAY}": [soon, done],
        f"?received_to={DAY - timedelta(days=1)}": [late],
        "?reason=nonsense": [late, soon, done],
    }.items():
        assert refs(desk, query) == [complaint.ref for complaint in expected], query


COLUMNS = {
    "ref": "q", "customer": "q", "reason": "reason", "channel": "channel", "about": "about", "handler": "handler",
    "received_on": "received_from", "due_on": "overdue", "status": "status",
}  # fmt: skip
NOT_ASKED = {
    "id", "contact", "text", "answer", "recorded_at", "recorded_by_name", "closed_at", "closed_by_name", "version",
}  # fmt: skip


def test_every_column_of_a_complaint_is_asked_for_or_named_as_not() -> None:
    assert {field.name for field in Complaint._meta.concrete_fields} == set(COLUMNS) | NOT_ASKED
    assert set(COLUMNS.values()) | {"received_to", "unhandled"} == set(ComplaintFilter.base_filters)


@pytest.mark.parametrize("count", [2, 20])
def test_the_register_asks_as_much_for_many_as_for_few(
    desk: Client, chief, lin, django_assert_max_num_queries, count
) -> None:
    for number in range(count):
        in_team(ref=f"CP{number}", handler=chief, about=lin)
    with django_assert_max_num_queries(14):
        assert len(refs(desk)) == count


def test_the_export_is_what_the_list_shows_masked_without_formulas_and_recorded(desk: Client, chief) -> None:
    customer = CaseFactory(customer=CustomerFactory(name="王小明", ref="C1")).customer
    ComplaintFactory(ref="=CP1", customer=customer, text="secret words")
    in_team("Team 2", ref="CP2")
    response = desk.get("/complaints/export/")
    text = b"".join(response.streaming_content).decode()
    assert response["Content-Disposition"] == f'attachment; filename="complaints-{clock.today()}.csv"'
    assert "'=CP1,C1,王*明" in text
    assert "secret" not in text
    assert "CP2" not in text
    assert Event.objects.get(verb="list.exported").after == {"list": "complaints", "count": 1, "filters": {}}


def test_an_empty_register_says_how_complaints_come(desk: Client) -> None:
    assert "No complaint yet" in desk.get("/complaints/").content.decode()
    assert "No complaint matches" in desk.get("/complaints/?status=open").content.decode()


def test_out_of_scope_is_not_found_and_without_the_permission_refused(desk: Client, client: Client, lin) -> None:
    theirs = in_team("Team 2", ref="CP9")
    for address in ("/complaints/CP9/", f"/complaints/new/?customer={theirs.customer.ref}"):
        assert desk.get(address).status_code == 404, address
        assert desk.post(address, {"verb": "close"}).status_code == 404, address
    mine = in_team(ref="CP8")
    client.force_login(lin)
    assert client.get("/complaints/CP8/").status_code == 200
    assert client.post("/complaints/CP8/", {"verb": "close", "status": "rejected"}).status_code == 403
    client.force_login(UserFactory(role="data-entry"))
    for address in (
        "/complaints/",
        "/complaints/CP8/",
        "/complaints/export/",
        f"/complaints/new/?customer={mine.customer.ref}",
    ):
        assert client.get(address).status_code == 403, address


def test_who_handles_one_of_another_team_sees_it(desk: Client, chief) -> None:
    in_team("Team 2", ref="CP9", handler=chief)
    assert desk.get("/complaints/CP9/").status_code == 200
    assert refs(desk) == ["CP9"]


def test_a_collector_enters_a_complaint_from_the_case_without_saying_who_handles_it(client: Client, lin) -> None:
    contact = ContactFactory(customer=CaseFactory().customer, actor=lin)
    address = f"/complaints/new/?customer={contact.customer.ref}"
    client.force_login(lin)
    assert "Handled by" not in client.get(address).content.decode()
    wrong = client.post(
        address, {"reason": "hours", "channel": "voice", "received_on": "2027-01-01", "text": "At night"}
    )
    assert wrong.status_code == 422
    assert "still to come" in wrong.content.decode()
    made = client.post(
        address,
        {"reason": "hours", "channel": "voice", "received_on": str(DAY), "text": "At night", "contact": contact.pk},
    )
    complaint = Complaint.objects.get()
    assert made["Location"] == "/", "it is about herself"
    assert (complaint.about, complaint.contact, complaint.handler) == (lin, contact, None)


def test_it_is_handed_over_and_closed_on_its_page(desk: Client, chief) -> None:
    complaint = in_team(ref="CP1")
    page = desk.get("/complaints/CP1/").content.decode()
    assert "15 days left" in page
    assert desk.post("/complaints/CP1/", {"verb": "hand", "seen_version": 1, "handler": chief.pk}).status_code == 302
    stale = desk.post("/complaints/CP1/", {"verb": "close", "seen_version": 1, "status": "rejected", "answer": "No"})
    assert stale.status_code == 422
    page = stale.content.decode()
    assert "Chen changed this complaint meanwhile" in page
    assert 'name="seen_version" value="2"' in page
    assert (
        desk.post(
            "/complaints/CP1/", {"verb": "close", "seen_version": 2, "status": "rejected", "answer": "No"}
        ).status_code
        == 302
    )
    complaint.refresh_from_db()
    assert (complaint.status, complaint.handler) == ("rejected", chief)
    page = desk.get("/complaints/CP1/").content.decode()
    assert "What was answered" in page
    assert "Answer and close" not in page


@pytest.mark.parametrize(
    ("days", "words"), [(-2, "2 days overdue"), (-1, "1 day overdue"), (0, "to be answered today"), (3, "3 days left")]
)
def test_a_complaint_says_how_far_its_deadline_is_off(desk: Client, days, words) -> None:
    in_team(ref="CP1", due_on=DAY + timedelta(days=days))
    assert words in desk.get("/complaints/CP1/").content.decode()


@pytest.mark.parametrize("role", ["collector", "supervisor", "administrator", "auditor"])
def test_who_is_named_sees_that_there_is_one_and_nothing_of_it(client: Client, now, role) -> None:
    named = UserFactory(role=role)
    case = CaseFactory()
    complaint = ComplaintFactory(
        ref="CP1", customer=case.customer, about=named, handler=named, text="She shouted", reason="harassment"
    )
    client.force_login(named)
    assert client.get("/complaints/CP1/").status_code == 404
    assert client.post("/complaints/CP1/", {"verb": "close", "seen_version": 1}).status_code in (403, 404)
    assert client.get(f"/admin/compliance/complaint/{complaint.pk}/change/").status_code in (302, 403, 404)
    assert refs(client) == refs(client, f"?about={named.pk}") == refs(client, "?q=CP1") == []
    found = client.get("/complaints/export/")
    if found.status_code == 200:
        assert "CP1" not in b"".join(found.streaming_content).decode()
    page = client.get(f"/cases/{case.ref}/").content.decode()
    assert "It is about you" in page
    for hidden in ("CP1", "She shouted", "threats or insults"):
        assert hidden not in page
    client.force_login(UserFactory(role=role))
    assert "She shouted" in client.get("/complaints/CP1/").content.decode()
    page = client.get(f"/cases/{case.ref}/").content.decode()
    assert "threats or insults" in page
    assert "It is about you" not in page


def test_a_complaints_page_asks_little(desk: Client, chief, django_assert_max_num_queries) -> None:
    complaint = in_team(ref="CP1", contact=ContactFactory(), handler=chief)
    with clock.frozen(MOMENT):
        for _ in range(5):
            complaints.hand_to(
                actor=chief, complaint_id=complaint.pk, handler_id=UserFactory(role="supervisor").pk,
                seen_version=Complaint.objects.get().version,
            )  # fmt: skip
    with django_assert_max_num_queries(14):
        desk.get("/complaints/CP1/")


def test_a_complaint_of_nobody_yet_asks_whose_it_is(desk: Client) -> None:
    page = desk.get("/complaints/new/").content.decode()
    assert "Customer or account, by reference" in page


def test_a_collector_names_her_own_team_and_who_made_a_contact_and_nobody_else(client: Client, lin) -> None:
    far, maker = (UserFactory(team=TeamFactory(name="Far")) for _ in range(2))
    near = UserFactory()
    contact = ContactFactory(customer=CaseFactory().customer, actor=maker)
    client.force_login(lin)
    page = client.get(f"/complaints/new/?customer={contact.customer.ref}")
    offered = set(page.context["form"].fields["about"].queryset)
    assert {lin, near, maker} <= offered
    assert far not in offered


def test_the_rail_and_the_board_count_what_is_to_be_answered_and_no_more(
    desk: Client, chief, django_assert_max_num_queries
) -> None:
    in_team(ref="CP1", due_on=DAY - timedelta(days=1))
    in_team(ref="CP2", due_on=DAY + timedelta(days=4), handler=UserFactory(role="supervisor"))
    in_team(ref="CP3", status="upheld", closed_at=MOMENT)
    in_team(ref="CP4", about=chief)
    in_team("Team 2", ref="CP5")
    assert len(refs(desk, "?status=open")) == 2
    with django_assert_max_num_queries(13):  # one for all the rail's lists together, as without complaints
        assert desk.get("/queues/counts/").context["numbers"]["complaints"] == 2
    found = {panel.template: panel.context for panel in desk.get("/board/panels/").context["panels"]}
    assert found["cases/_board_complaints.html"] == {
        "open": 2, "overdue": 1, "unhandled": 1, "nearest": DAY + timedelta(days=4)
    }  # fmt: skip


def test_who_sees_no_complaint_is_told_no_number() -> None:
    assert complaints_to_answer(UserFactory.build(is_active=False)) == {}
