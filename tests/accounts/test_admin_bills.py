"""Bills that people enter: on a page of their own or on their account's, at plausible days, posted by one way in."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import Account, Bill, LedgerEntry, ProductTerms
from audit.models import Event
from tests.accounts.entering import a_customer, adding, an_account, changing, errors, fill
from tests.factories import UserFactory

BILL = {"ref": "B1", "statement_on": "2026-02-01", "due_on": "2026-02-20", "principal": "100"}
BLANK = {"interest": "0", "service_fee": "0", "minimum_given": "", "id": ""}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("first_of_march")]


def inline(*bills: dict[str, str]) -> dict[str, str]:
    """The fields of bills beside an account, as a browser sends them."""
    sent = {"bills-TOTAL_FORMS": str(len(bills)), "bills-INITIAL_FORMS": "0"}
    return sent | {
        f"bills-{number}-{name}": value for number, bill in enumerate(bills) for name, value in (BLANK | bill).items()
    }


@pytest.mark.parametrize(
    ("field", "day"),
    [
        ("statement_on", "1900-01-01"),
        ("statement_on", "2021-02-24"),
        ("due_on", "2062-02-20"),
        ("due_on", "2999-12-31"),
    ],
)
def test_a_day_that_is_mostly_a_slip_is_refused_with_what_was_expected(boss: Client, field: str, day: str) -> None:
    account = an_account()
    refused = fill(boss, adding("bill"), **BILL | {"account": str(account.pk), field: day})
    assert f"{day} is no plausible day of a bill: expected 2021-02-25 to 2027-04-05." in errors(refused)[field][0]
    assert not Bill.objects.exists()


def test_how_far_a_bill_may_be_dated_is_a_dated_row(boss: Client) -> None:
    account = an_account()
    ProductTerms.objects.filter(product=account.product).update(bill_days_back=10, bill_days_ahead=5)
    refused = fill(boss, adding("bill"), **BILL | {"account": str(account.pk)})
    assert "expected 2026-02-19 to 2026-03-06" in errors(refused)["statement_on"][0]


def test_after_a_bill_one_is_back_on_the_account_that_it_was_begun_from(boss: Client) -> None:
    account = an_account()
    begun = f"{adding('bill')}?account={account.pk}"
    assert fill(boss, begun, **BILL).url == changing(account)
    assert fill(boss, begun, **BILL | {"ref": "B2", "_addanother": "1"}).url == begun
    alone = fill(boss, adding("bill"), **BILL | {"ref": "B3", "account": str(account.pk)})
    assert alone.url == "/admin/accounts/bill/"


def test_bills_are_entered_on_their_accounts_page_and_posted_together(boss: Client) -> None:
    account = an_account()
    answer = fill(boss, changing(account), **inline(BILL, BILL | {"ref": "B2", "statement_on": "2026-02-05"}))
    assert answer.status_code == 302
    assert list(account.bills.values_list("ref", flat=True).order_by("ref")) == ["B1", "B2"]
    assert LedgerEntry.objects.filter(account=account, kind="charge").count() == 2
    assert Event.objects.filter(verb="bill.posted", actor_name="Wang").count() == 2
    assert not Event.objects.filter(verb="account.changed").exists()
    page = boss.get(changing(account))
    assert b"100.00" in page.content
    assert b'name="bills-0-principal"' not in page.content  # what is posted is read


def test_a_new_account_comes_with_its_bills(boss: Client) -> None:
    values = {"ref": "A9", "customer": a_customer().pk, "product": Account.product.get_queryset().get(code="plain").pk}
    answer = fill(boss, adding("account"), **values | {"currency": "CNY"} | inline(BILL))
    assert answer.status_code == 302
    assert Account.objects.get(ref="A9").bills.get().ref == "B1"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"due_on": "2062-02-20"}, "due_on"), ({"due_on": "2026-01-01"}, "due_on"), ({"principal": "-1"}, "principal"),
     ({"minimum_given": "-5"}, "minimum_given"), ({"ref": ""}, "ref")],
)  # fmt: skip
def test_what_is_wrong_with_a_bill_is_said_at_its_field_and_nothing_is_posted(
    boss: Client, wrong: dict[str, str], field: str
) -> None:
    account = an_account()
    refused = fill(boss, changing(account), **inline(BILL, BILL | {"ref": "B2"} | wrong))
    assert refused.status_code == 200
    forms = refused.context["inline_admin_formsets"][0].formset.forms
    assert not forms[0].errors
    assert list(forms[1].errors) == [field]
    assert not Bill.objects.exists()


def test_who_may_not_post_bills_reads_them(client: Client) -> None:
    client.force_login(UserFactory(role="auditor"))
    page = client.get(changing(an_account()))
    assert page.status_code == 200
    assert not page.context["inline_admin_formsets"][0].formset.extra_forms
    assert b"bills-__prefix__" not in page.content


LARGE = BILL | {"principal": "1234567.5"}


def test_amounts_are_shown_with_their_thousands_apart(boss: Client) -> None:
    account = an_account()
    fill(boss, adding("bill"), **LARGE | {"account": str(account.pk)})
    entry = LedgerEntry.objects.get()
    for page in (
        "/admin/accounts/bill/",
        changing(Bill.objects.get()),
        "/admin/accounts/ledgerentry/",
        changing(entry),
    ):
        assert "1,234,567.50" in boss.get(page).content.decode(), page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_bill_beside_its_account_shows_its_amounts_so_and_a_new_one_is_still_entered(
    boss: Client, language: str
) -> None:
    account = an_account()
    assert fill(boss, changing(account), **inline(LARGE)).status_code == 302
    boss.cookies["django_language"] = language
    page = boss.get(changing(account)).content.decode()
    assert re.search(r'<td class="field-money-principal">\s*<p>1,234,567\.50</p>', page)
    assert '<th class="column-money-principal' in page
    assert re.search(r'<td class="field-money-minimum_given">\s*<p>–</p>', page)
    assert "1234567" not in page
    assert 'name="bills-__prefix__-principal"' in page
    second = inline(BILL | {"ref": "B2"}) | {"bills-INITIAL_FORMS": "1", "bills-TOTAL_FORMS": "2"}
    sent = {name.replace("bills-0", "bills-1"): value for name, value in second.items()}
    key = str(Bill.objects.get().pk)
    sent |= {"bills-0-id": key, "bills-0-account": str(account.pk)}
    assert fill(boss, changing(account), **sent).status_code == 302
    assert Bill.objects.count() == 2
