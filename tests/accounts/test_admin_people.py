"""People and their numbers entered in the admin go through the services, are kept encrypted and found by whole numbers."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.errors import Invalid
from accounts.identity import hidden_in
from accounts.models import (
    ContactPoint,
    Customer,
)
from accounts.services import customers
from audit.models import Event
from tests.accounts.entering import (
    ACTOR,
    NUMBER,
    PHONE,
    a_customer,
    adding,
    changing,
    errors,
    fill,
    nothing_personal_was_logged,
    the_event,
)
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_march")]


def test_a_customer_is_registered_encrypted_and_recorded(boss: Client) -> None:
    response = fill(
        boss, adding("customer"), ref="C1", name="王小明", id_type="resident-id", new_id_number=NUMBER, locale="zh-hans"
    )
    assert response.status_code == 302
    customer = Customer.objects.get(ref="C1")
    assert (customer.id_number, customer.origin, customer.locale) == (NUMBER, "entered", "zh-hans")
    assert customer.time_zone == "Asia/Shanghai"
    the_event("customer.registered")
    nothing_personal_was_logged(NUMBER, "王小明")


def test_a_wrong_identity_number_is_refused_at_its_field_and_never_echoed(boss: Client) -> None:
    wrong = NUMBER[:-1] + "5"
    response = fill(boss, adding("customer"), ref="C1", name="王小明", id_type="resident-id", new_id_number=wrong)
    assert "check character" in errors(response)["new_id_number"][0]
    assert wrong not in response.content.decode()
    assert response.context["adminform"].form["name"].value() == "王小明"
    assert not Customer.objects.exists()
    assert not Event.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_number_that_was_not_kept_is_asked_for_again(boss: Client) -> None:
    response = fill(boss, adding("customer"), ref="", name="王小明", id_type="resident-id", new_id_number=NUMBER)
    assert set(errors(response)) == {"ref", "new_id_number"}
    assert NUMBER not in response.content.decode()


def test_a_date_of_birth_that_disagrees_is_refused_at_its_field(boss: Client) -> None:
    response = fill(
        boss,
        adding("customer"),
        ref="C1",
        name="王小明",
        id_type="resident-id",
        new_id_number=NUMBER,
        birth_date="1990-03-08",
    )
    assert "1990-03-07" in errors(response)["birth_date"][0]


def test_who_has_anothers_identity_number_is_entered_and_told_of(boss: Client) -> None:
    person = {"name": "王小明", "id_type": "resident-id", "new_id_number": NUMBER}
    told = []
    for ref in ("C1", "C2"):
        answer = fill(boss, adding("customer"), ref=ref, **person)
        told.append(boss.get(answer["Location"]).content.decode())
    assert "same identity number" not in told[0]
    assert "Others have the same identity number: C1. Is it one person?" in told[1]
    assert NUMBER not in told[1]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"birth_date": "2999-01-01"}, "birth_date"),
        ({"id_type": "resident-id", "new_id_number": "110105299912310020"}, "new_id_number"),
    ],
)
def test_nobody_is_born_after_today(boss: Client, values: dict[str, str], field: str) -> None:
    response = fill(boss, adding("customer"), ref="C1", name="x", **values)
    assert "after today" in errors(response)[field][0]
    assert not Customer.objects.exists()


@pytest.mark.parametrize(("field", "value"), [("time_zone", "Moon/Crater"), ("locale", "xx"), ("ref", "TAKEN")])
def test_values_that_nothing_knows_are_refused_at_their_fields(boss: Client, field: str, value: str) -> None:
    a_customer("TAKEN")
    assert field in errors(fill(boss, adding("customer"), **{"ref": "C1", "name": "x", field: value}))
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("field", ["ref", "name"])
@pytest.mark.parametrize("hidden", ["\u202e", "\u2028", "\u2029", "\u200b", "\u200f", "\x85", "\x07", "\U000e0041"])
def test_what_nobody_sees_is_refused_at_its_field(boss: Client, field: str, hidden: str) -> None:
    response = fill(boss, adding("customer"), **{"ref": "C1", "name": "王小明", field: f"EVIL{hidden}00.1"})
    assert f"an invisible control character (U+{ord(hidden):04X})" in errors(response)[field][0]
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "name", ["王小明", "O\u2019Neil-Ü", "می\u200cخواهم", "क\u094d\u200dष", "葛\U000e0101", "阿　明\u00a0"]
)
def test_what_names_are_written_with_is_taken(name: str) -> None:
    assert not hidden_in(name)


@pytest.mark.parametrize("field", ["ref", "name"])
def test_no_service_takes_what_nobody_sees_either(field: str) -> None:
    with pytest.raises(Invalid, match=r"U\+2028") as refusal:
        customers.register_customer(actor=ACTOR, **{"ref": "C1", "name": "王小明", field: "x\u2028y"})
    assert refusal.value.field == field
    customer = a_customer()
    known = {name: getattr(customer, name) for name in ("id_type", "birth_date", "locale", "time_zone", "jurisdiction")}
    with pytest.raises(Invalid, match=r"U\+2029"):
        customers.change_customer(
            actor=ACTOR, customer_id=customer.pk, seen_version=1, name="x\u2029y", id_number=None, **known
        )


def test_a_blank_number_stays_as_it_is_and_a_given_one_replaces_it(boss: Client) -> None:
    customer = a_customer(id_type="resident-id", id_number=NUMBER)
    assert fill(boss, changing(customer), name="王大明").status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.id_number, customer.version) == ("王大明", NUMBER, 2)
    assert fill(boss, changing(customer), id_type="passport", new_id_number="E12345678").status_code == 302
    customer.refresh_from_db()
    assert customer.id_number == "E12345678"
    assert Event.objects.filter(verb="customer.changed").count() == 2
    nothing_personal_was_logged(NUMBER, "E12345678", "王大明")


def test_what_someone_else_changed_meanwhile_is_not_overwritten(boss: Client) -> None:
    customer = a_customer()
    response = fill(boss, changing(customer), name="李", seen_version="0")
    assert "meanwhile" in errors(response)["__all__"][0]
    customer.refresh_from_db()
    assert customer.name == "王小明"


def test_a_contact_point_is_added_and_changed(boss: Client) -> None:
    customer = a_customer()
    address = f"{adding('contactpoint')}?customer={customer.pk}"
    assert fill(boss, address, kind="mobile", new_value=PHONE, relationship="own").status_code == 302
    point = ContactPoint.objects.get()
    assert (point.value, point.customer, point.permitted, point.verification) == (PHONE, customer, None, "unverified")
    the_event("contact-point.added")

    response = fill(
        boss, changing(point), permitted="true", verification="verified", source="contract", reason="called"
    )
    assert response.status_code == 302
    point.refresh_from_db()
    assert (point.permitted, point.verification, point.value) == (True, "verified", PHONE)
    assert the_event("contact-point.changed").reason == "called"
    nothing_personal_was_logged(PHONE)


def test_who_is_reached_there_is_named_and_only_shown_masked(boss: Client) -> None:
    customer, name = a_customer(), "李小兰"
    address = f"{adding('contactpoint')}?customer={customer.pk}"
    refused = fill(boss, address, kind="mobile", new_value=PHONE, relationship="own", new_name=name)
    assert "is named here" in errors(refused)["new_name"][0]
    assert name not in refused.content.decode()
    fill(boss, address, kind="mobile", new_value=PHONE, relationship="contact-person", new_name=name)
    point = ContactPoint.objects.get()
    assert point.name == name
    page = boss.get(changing(point)).content.decode()
    assert ("李*兰" in page, name in page) == (True, False)
    fill(boss, changing(point), source="told by her")
    point.refresh_from_db()
    assert (point.source, point.name) == ("told by her", name)
    fill(boss, changing(point), new_name="李大明")
    point.refresh_from_db()
    assert point.name == "李大明"
    nothing_personal_was_logged(name)


def test_a_contact_value_that_is_none_is_refused_at_its_field(boss: Client) -> None:
    response = fill(boss, adding("contactpoint"), customer=a_customer().pk, kind="email", new_value="nobody at home")
    assert "e-mail" in errors(response)["new_value"][0]
    assert "nobody at home" not in response.content.decode()
    assert not ContactPoint.objects.exists()


@pytest.mark.parametrize(("kind", "value"), [("mobile", f"+86 {PHONE}"), ("phone", PHONE)])
def test_a_contact_point_that_is_there_already_is_refused(boss: Client, kind: str, value: str) -> None:
    customer = a_customer()
    customers.add_contact_point(actor=ACTOR, customer_id=customer.pk, kind="mobile", value=PHONE)
    response = fill(boss, adding("contactpoint"), customer=customer.pk, kind=kind, new_value=value)
    assert "already" in errors(response)["__all__"][0]
    assert "again" in errors(response)["new_value"][0]
    assert ContactPoint.objects.count() == 1


def test_people_are_found_by_whole_numbers_that_never_stand_in_an_address(boss: Client) -> None:
    customer = a_customer(id_type="resident-id", id_number=NUMBER)
    a_customer("C2")
    point = customers.add_contact_point(actor=ACTOR, customer_id=customer.pk, kind="mobile", value=PHONE)
    customers.add_contact_point(actor=ACTOR, customer_id=customer.pk, kind="email", value="wang@example.com")
    people, points = reverse("admin:accounts_customer_changelist"), reverse("admin:accounts_contactpoint_changelist")
    for asked in (NUMBER, PHONE, f"+86 {PHONE}", "Wang@Example.com"):
        assert boss.post(people, {"q": asked})["Location"] == changing(customer)
    assert boss.post(points, {"q": PHONE})["Location"] == changing(point)
    for unknown in ("110101199003072047", "13800002047", "nobody@example.com"):
        response = boss.post(people, {"q": unknown})
        assert response["Location"] == people
        assert "Nobody has this" in boss.get(people).content.decode()
    found = boss.post(people, {"q": "C2"}, follow=True)
    assert [row.ref for row in found.context["cl"].queryset] == ["C2"]
    assert [row.ref for row in boss.post(people, {"q": "王"}, follow=True).context["cl"].queryset] == ["C2", "C1"]


def test_several_people_with_one_number_are_listed(boss: Client) -> None:
    for ref in ("C1", "C2", "C3"):
        customer = a_customer(ref)
        if ref != "C3":
            customers.add_contact_point(actor=ACTOR, customer_id=customer.pk, kind="mobile", value=PHONE)
    found = boss.post(reverse("admin:accounts_customer_changelist"), {"q": PHONE}, follow=True)
    assert [row.ref for row in found.context["cl"].queryset] == ["C2", "C1"]
    assert PHONE not in found.redirect_chain[-1][0]


def test_a_search_for_people_is_not_taken_from_another_site() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(UserFactory(is_superuser=True))
    refused = strict.post(reverse("admin:accounts_customer_changelist"), {"q": "C1"})
    assert refused.status_code == 403
    assert "This page was too old" in refused.content.decode()


def test_finding_people_needs_the_permission(client: Client) -> None:
    a_customer(id_type="resident-id", id_number=NUMBER)
    client.force_login(UserFactory())
    assert client.post(reverse("admin:accounts_customer_changelist"), {"q": NUMBER}).status_code == 403
