"""What is entered in the admin goes through the services: row, ledger and event, or a refusal at the field and nothing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import (
    Account,
    AccountParty,
    Bill,
    Hold,
    LedgerEntry,
    Payment,
    Reversal,
    Standing,
)
from accounts.selectors.owed import owed_now
from accounts.selectors.verify import account_range, differences
from accounts.services import holds, posting
from audit.models import Event
from runs import clock
from tests.accounts.entering import (
    ACTOR,
    a_customer,
    adding,
    an_account,
    changing,
    errors,
    fill,
    the_event,
)
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_march")]


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
        ({"currency": "XXQ"}, "currency"),
        ({"currency": "JPY"}, "currency"),  # has no sen: the book's money has two places
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
    values = {"account": other.pk, "ref": "P1", "effective_on": "2026-02-10"}
    named = values | {"amount": "5", "designated_bill": Bill.objects.get().pk}
    assert "amount" in errors(fill(boss, adding("payment"), **named))  # nothing is owed there
    assert "designated_bill" in errors(fill(boss, adding("payment"), **named, meant="on"))
    for amount in ("0", "-5"):
        assert "amount" in errors(fill(boss, adding("payment"), **values, amount=amount))
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


def test_a_payment_that_is_mostly_a_slip_is_asked_about_once(boss: Client) -> None:
    account = an_account()
    bill_of(boss, account)
    owed, today = owed_now([account.pk])[account.pk].total, clock.today()
    ahead, long_ago = (today + timedelta(days=40)).isoformat(), "1999-01-01"
    values = {"account": account.pk, "ref": "P1", "amount": "5.00", "effective_on": ahead, "channel": ""}
    page = boss.post(adding("payment"), values).content.decode()
    assert (
        f"“{ahead}” is still to come: expected a day until today, {today}. Put it right, or tick “Meant as it" in page
    )
    more = str(owed + Decimal("0.01"))
    page = boss.post(adding("payment"), values | {"effective_on": long_ago, "amount": more}).content.decode()
    assert f"“{long_ago}” is long ago: expected a day from" in page
    assert f"{more} is more than the CNY {owed} that are owed on account {account.ref}. Put it right" in page
    assert not Payment.objects.exists()
    assert boss.post(adding("payment"), values | {"meant": "on", "amount": more}).status_code == 302
    payment = Payment.objects.get()
    assert (payment.effective_on.isoformat(), payment.amount) == (ahead, owed + Decimal("0.01"))


def test_all_that_is_owed_is_paid_without_a_question(boss: Client) -> None:
    account = an_account()
    bill_of(boss, account)
    owed = owed_now([account.pk])[account.pk].total
    today = clock.today().isoformat()
    values = {"account": account.pk, "ref": "P1", "amount": str(owed), "effective_on": today, "channel": ""}
    assert boss.post(adding("payment"), values).status_code == 302
    assert owed_now([account.pk])[account.pk].total == 0
