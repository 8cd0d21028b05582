"""What is entered in the admin goes through the services: row, ledger and event, or a refusal at the field and nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.errors import Invalid
from accounts.identity import hidden_in
from accounts.models import (
    Account,
    AccountParty,
    Bill,
    ContactPoint,
    Customer,
    Hold,
    LedgerEntry,
    Payment,
    Reversal,
    Standing,
)
from accounts.selectors.verify import account_range, differences
from accounts.services import customers, holds, posting
from audit.models import Event
from audit.services import SystemActor
from runs import clock
from tests.factories import UserFactory, workable_case

ACTOR = SystemActor("test")
NUMBER = "110101199003072041"
PHONE = "13800002046"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with clock.frozen(datetime(2026, 3, 1, 4, 0, tzinfo=UTC)):
        yield


def adding(model: str) -> str:
    return reverse(f"admin:accounts_{model}_add")


def changing(row: Any) -> str:
    return reverse(f"admin:accounts_{row._meta.model_name}_change", args=[row.pk])


def fill(client: Client, address: str, **values: Any) -> Any:
    """Open the page, change these fields of its form and send it, as a browser would."""
    page = client.get(address)
    form = page.context["adminform"].form
    sent = {field.html_name: field.value() for field in form}
    for inline in page.context["inline_admin_formsets"]:
        sent |= {field.html_name: field.value() for field in inline.formset.management_form}
        for row in inline.formset.forms:
            sent |= {field.html_name: field.value() for field in row}
    sent |= values
    return client.post(
        address, {name: value for name, value in sent.items() if value is not None and value is not False}
    )


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200, "the form was accepted"
    return dict(response.context["adminform"].form.errors)


def a_customer(ref: str = "C1", **options: Any) -> Customer:
    return customers.register_customer(actor=ACTOR, ref=ref, name="王小明", **options)


def an_account(ref: str = "A1", product: str = "plain") -> Account:
    return posting.open_account(
        actor=ACTOR, ref=ref, customer_id=a_customer(f"C-{ref}").pk, product_code=product, currency="CNY"
    )


def the_event(verb: str) -> Event:
    event = Event.objects.get(verb=verb)
    assert event.actor_name == "Wang"
    assert event.request_id
    return event


def nothing_personal_was_logged(*values: str) -> None:
    kept = [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    kept += [f"{event.before} {event.after} {event.reason}" for event in Event.objects.all()]
    assert LogEntry.objects.exists()
    for value in values:
        assert not [line for line in kept if value in line]


# --- customers


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


# --- accounts


def test_an_account_is_opened_and_changed(boss: Client) -> None:
    customer = a_customer()
    product = Account._meta.get_field("product").related_model.objects.get(code="instalment")
    response = fill(
        boss, adding("account"), ref="A1", customer=customer.pk, product=product.pk, currency="CNY", credit_limit="5000"
    )
    assert response.status_code == 302
    account = Account.objects.get()
    assert (account.customer, account.product, account.credit_limit) == (customer, product, Decimal(5000))
    the_event("account.opened")

    values = {"credit_limit": "6000", "final_due_on": "2027-01-31", "reason": "as signed"}
    assert fill(boss, changing(account), **values).status_code == 302
    account.refresh_from_db()
    assert (account.credit_limit, account.final_due_on, account.version) == (6000, None, 2), (
        "the days are another's to move"
    )
    assert "/money/A1/" in boss.get(changing(account)).content.decode()
    assert the_event("account.changed").reason == "as signed"
    assert list(differences(*account_range())) == []


def test_account_fields_that_are_wrong_say_so(boss: Client) -> None:
    customer = a_customer()
    sent = {"ref": "A1", "customer": customer.pk, "product": 1, "currency": "CNY"}
    for wrong, field in (
        ({"currency": "yuan"}, "currency"),
        ({"currency": "cny"}, "currency"),
        ({"opened_on": "2026-02-01", "final_due_on": "2026-01-01"}, "final_due_on"),
        ({"customer": "999999"}, "customer"),
    ):
        assert field in errors(fill(boss, adding("account"), **sent | wrong)), wrong
    assert not Account.objects.exists()


def test_a_product_that_is_not_sold_opens_no_account(boss: Client) -> None:
    product = Account._meta.get_field("product").related_model.objects.get(code="revolving")
    product.is_active = False
    product.save()
    customer = a_customer()
    response = fill(boss, adding("account"), ref="A1", customer=customer.pk, product=product.pk, currency="CNY")
    assert "product" in errors(response)


def test_who_else_answers_is_added_and_changed(boss: Client) -> None:
    account, friend = an_account(), a_customer("C9")
    address = f"{adding('accountparty')}?account={account.pk}"
    assert "customer" in errors(fill(boss, address, customer=account.customer_id, role="guarantor"))
    assert fill(boss, address, customer=friend.pk, role="guarantor").status_code == 302
    party = AccountParty.objects.get()
    assert fill(boss, changing(party), role="co-debtor").status_code == 302
    party.refresh_from_db()
    assert party.role == "co-debtor"
    assert the_event("party.added").customer_id == friend.pk
    assert the_event("party.changed").before == {"role": "guarantor"}
    assert "__all__" in errors(fill(boss, address, customer=friend.pk, role="guarantor"))


# --- bills and payments


def bill_of(client: Client, account: Account, **values: Any) -> Any:
    sent = {
        "account": account.pk,
        "ref": "B1",
        "statement_on": "2026-02-01",
        "due_on": "2026-02-20",
        "principal": "100.00",
        "interest": "0",
        "service_fee": "0",
    }
    return fill(client, adding("bill"), **sent | values)


def test_a_bill_is_posted_and_ages_its_account(boss: Client) -> None:
    account = an_account()
    assert bill_of(boss, account, service_fee="2.50").status_code == 302
    bill = Bill.objects.get()
    assert bill.minimum_due == Decimal("102.50")
    assert LedgerEntry.objects.get(bill=bill).amount == Decimal("102.50")
    assert Standing.objects.get(account=account).overdue_since == date(2026, 2, 20)
    the_event("bill.posted")
    assert Event.objects.filter(verb="standing.moved").exists()
    assert list(differences(*account_range())) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"due_on": "2026-01-31"}, "due_on"),
        ({"principal": "-1"}, "principal"),
        ({"minimum_given": "-1"}, "minimum_given"),
        ({"principal": "1.005"}, "principal"),
        ({"due_on": "soon"}, "due_on"),
    ],
)
def test_a_wrong_bill_is_refused_at_its_field(boss: Client, wrong: dict[str, str], field: str) -> None:
    response = bill_of(boss, an_account(), **wrong)
    assert field in errors(response)
    assert response.context["adminform"].form["ref"].value() == "B1"
    assert not Bill.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_a_reference_that_is_taken_is_refused_at_its_field(boss: Client) -> None:
    account = an_account()
    bill_of(boss, account)
    assert "ref" in errors(bill_of(boss, account, principal="7"))
    assert Bill.objects.get().principal == Decimal(100)


def test_a_payment_is_posted(boss: Client) -> None:
    account = an_account()
    bill_of(boss, account)
    response = fill(
        boss, adding("payment"), account=account.pk, ref="P1", amount="100", effective_on="2026-02-10", channel="bank"
    )
    assert response.status_code == 302
    payment = Payment.objects.get()
    assert LedgerEntry.objects.get(payment=payment).amount == Decimal(-100)
    assert not Standing.objects.exists()
    the_event("payment.posted")

    assert list(differences(*account_range())) == []


def test_a_payment_is_reversed_by_nobody_alone(client: Client) -> None:
    """Not even by who enters payments: she is led to where it is asked for."""
    payment = posting.post_payment(
        actor=ACTOR, account_id=an_account().pk, ref="P1", amount=Decimal(5), effective_on=date(2026, 2, 1)
    )
    clerk = UserFactory(role="data-entry", team=None)
    assert not clerk.has_perm("accounts.add_reversal")
    client.force_login(clerk)
    assert f"/money/A1/?ask=reversal&amp;payment={payment.pk}" in client.get(changing(payment)).content.decode()
    for address in (f"{changing(payment).removesuffix('change/')}reverse/", "/admin/accounts/reversal/add/"):
        assert client.post(address, {"payment": payment.pk, "reason": "x"}).status_code in (302, 403, 404)
    assert not Reversal.objects.exists()
    posting.reverse_payment(actor=ACTOR, payment_id=payment.pk, reason="returned")
    page = client.get(changing(payment)).content.decode()
    assert "/money/A1/" not in page
    assert "2026-02-01" in page


def test_a_payment_for_the_bill_of_another_account_is_refused_at_its_field(boss: Client) -> None:
    bill_of(boss, an_account())
    other = an_account("A2")
    response = fill(
        boss,
        adding("payment"),
        account=other.pk,
        ref="P1",
        amount="5",
        effective_on="2026-02-10",
        designated_bill=Bill.objects.get().pk,
    )
    assert "designated_bill" in errors(response)
    for amount in ("0", "-5"):
        response = fill(boss, adding("payment"), account=other.pk, ref="P1", amount=amount, effective_on="2026-02-10")
        assert "amount" in errors(response)
    assert not Payment.objects.exists()


# --- holds


def test_a_hold_is_placed_and_lifted(boss: Client) -> None:
    account = an_account()
    bill_of(boss, account)
    values = {"account": account.pk, "starts_on": "2026-02-25", "reason": "hospital"}
    assert "another person decides" in str(errors(fill(boss, adding("hold"), kind="deferral", **values))["kind"])
    assert "changes what is owed" in str(errors(fill(boss, adding("hold"), kind="fees", **values))["kind"])
    assert fill(boss, adding("hold"), kind="contact", **values).status_code == 302
    hold = Hold.objects.get()
    the_event("hold.placed")

    lift = reverse("admin:accounts_hold_lift", args=[hold.pk])
    assert lift in boss.get(changing(hold)).content.decode()
    assert "last_day" in boss.post(lift, {"last_day": "2026-02-01", "reason": "x"}).context["form"].errors
    assert boss.post(lift, {"last_day": "2026-02-27", "reason": "well again"}).status_code == 302
    hold.refresh_from_db()
    assert hold.withdrawn_at is not None
    assert Hold.objects.get(withdrawn_at=None).ends_on == date(2026, 2, 27)
    assert the_event("hold.lifted").reason == "well again"
    assert "lifted" in boss.post(lift, {"reason": "x"}).context["form"].non_field_errors()[0]
    assert list(differences(*account_range())) == []


@pytest.mark.parametrize("field", ["starts_on", "ends_on"])
def test_a_hold_by_a_slip_in_the_year_is_refused_at_its_field(boss: Client, field: str) -> None:
    days = {"starts_on": "2026-02-25", "ends_on": "2026-03-24"} | {
        field: {"starts_on": "1800-01-01"}.get(field, "9000-12-31")
    }
    page = fill(boss, adding("hold"), account=an_account().pk, kind="contact", **days)
    assert "more than ten years away" in str(errors(page)[field])
    assert not Hold.objects.exists()


def test_a_hold_that_ends_before_it_begins_is_refused_at_its_field(boss: Client) -> None:
    response = fill(
        boss, adding("hold"), account=an_account().pk, kind="contact", starts_on="2026-02-25", ends_on="2026-02-24"
    )
    assert "ends_on" in errors(response)
    assert not Hold.objects.exists()


def test_lifting_needs_its_permission_and_no_deferral_is_lifted_here(client: Client) -> None:
    account = an_account()
    hold = holds.place_hold(actor=ACTOR, account_id=account.pk, kind="fees", starts_on=date(2026, 2, 1))
    user = UserFactory()
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="accounts", codename__in=["view_hold", "add_hold"])
    )
    client.force_login(user)
    lift = reverse("admin:accounts_hold_lift", args=[hold.pk])
    assert client.get(lift).status_code == 403
    assert client.post(lift, {"reason": "x"}).status_code == 403
    assert lift not in client.get(changing(hold)).content.decode()
    assert Hold.objects.get().withdrawn_at is None

    deferral = holds.place_hold(actor=ACTOR, account_id=account.pk, kind="deferral", starts_on=date(2026, 2, 1))
    client.force_login(UserFactory(role="data-entry", team=None))
    lift = reverse("admin:accounts_hold_lift", args=[deferral.pk])
    assert lift not in client.get(changing(deferral)).content.decode()
    refused = client.post(lift, {"last_day": "2026-02-03", "reason": "x"})
    assert "another person decides" in refused.context["form"].errors["last_day"][0]
    deferral.refresh_from_db()
    assert deferral.withdrawn_at is None


@pytest.mark.parametrize("model", ["payment", "bill", "hold"])
@pytest.mark.parametrize("given", ["abc", "9" * 30, "-1"])
def test_an_account_that_there_is_not_is_said(boss: Client, model: str, given: str) -> None:
    assert f"“{given}” is the key of no account" in boss.get(adding(model), {"account": given}).content.decode()
    page = boss.post(adding(model), {"account": given, "ref": "P1", "amount": "5.00", "effective_on": "2026-11-01"})
    assert f"“Account”: “{given}” is not on the list" in page.content.decode()


def test_a_payment_dated_ahead_is_asked_about(boss: Client) -> None:
    account = workable_case().customer.accounts.get()
    ahead = (clock.today() + timedelta(days=40)).isoformat()
    values = {"account": account.pk, "ref": "P-ahead", "amount": "5.00", "effective_on": ahead, "channel": ""}
    page = boss.post(adding("payment"), values).content.decode()
    assert f"“{ahead}” is still to come: expected a day until today, {clock.today()}" in page
    assert not Payment.objects.exists()
    assert boss.post(adding("payment"), values | {"ahead": "on"}).status_code == 302
    assert Payment.objects.get().effective_on.isoformat() == ahead
