"""The changes of a record in the admin: what the audit tells of it, whichever way it came."""

from __future__ import annotations

from datetime import date

import pytest
from django.forms import DateField
from django.test import Client
from django.utils.formats import date_format
from django.utils.translation import override

from runs.texts import day_in_letter
from tests.factories import (
    MOMENT,
    BillFactory,
    ContactPointFactory,
    CustomerFactory,
    EventFactory,
    ProductFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(client: Client) -> Client:
    client.force_login(UserFactory(role="data-entry"))
    return client


def test_what_a_service_did_is_told_and_nothing_of_others(entry: Client, django_assert_max_num_queries) -> None:
    point = ContactPointFactory()
    mine = {"subject_type": "contactpoint", "subject_id": point.pk}
    EventFactory(
        **mine, customer_id=point.customer_id, verb="contact-point.changed", actor_name="Zhou", reason="Called back",
        before={"verification": "unverified", "value": "138****0000"},
        after={"verification": "verified", "value": "138****0000"},
    )  # fmt: skip
    EventFactory(subject_type="contactpoint", subject_id=point.pk + 1, actor_name="Elsewhere")
    EventFactory(subject_type="account", subject_id=point.pk, customer_id=point.customer_id, actor_name="Elsewhere")
    address = f"/admin/accounts/contactpoint/{point.pk}/history/"
    page = entry.get(address).content.decode()
    for told in ("Zhou", "Called back", "Contact point changed"):
        assert told in page
    assert "Elsewhere" not in page
    assert point.value not in page
    with django_assert_max_num_queries(11):
        entry.get(address)


def test_what_an_import_loaded_tells_of_the_import(entry: Client) -> None:
    bill = BillFactory(recorded_at=MOMENT)
    account = bill.account
    EventFactory(
        subject_type="account", subject_id=account.pk, account_id=account.pk, customer_id=account.customer_id,
        verb="account.loaded", actor_name="Loader", at=MOMENT,
    )  # fmt: skip
    for address in (f"account/{account.pk}", f"bill/{bill.pk}"):
        assert "Loader" in entry.get(f"/admin/accounts/{address}/history/").content.decode(), address


def test_a_record_of_nobody_has_its_history_too(entry: Client) -> None:
    product = ProductFactory()
    EventFactory(subject_type="product", subject_id=product.pk, customer_id=None, actor_name="Zhou")
    entry.force_login(UserFactory(role="administrator"))
    assert "Zhou" in entry.get(f"/admin/accounts/product/{product.pk}/history/").content.decode()
    assert (
        "Nothing was recorded."
        in entry.get(f"/admin/accounts/customer/{CustomerFactory().pk}/history/").content.decode()
    )


def test_who_does_not_see_the_record_does_not_see_its_history(client: Client) -> None:
    customer = CustomerFactory()
    EventFactory(subject_type="customer", subject_id=customer.pk, customer_id=customer.pk, actor_name="Zhou")
    client.force_login(UserFactory(role="collector"))
    answer = client.get(f"/admin/accounts/customer/{customer.pk}/history/")
    assert answer.status_code in (302, 403)
    assert "Zhou" not in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_days_and_moments_are_written_and_read_as_at_the_desk(entry: Client, language: str) -> None:
    BillFactory(statement_on="2026-09-05")
    entry.cookies.load({"django_language": language})
    page = entry.get("/admin/accounts/bill/").content.decode()
    assert "2026-09-05" in page
    assert "Sept." not in page
    assert "2026年" not in page
    with override(language):
        assert date_format(MOMENT.replace(tzinfo=None), "DATETIME_FORMAT") == f"{MOMENT:%Y-%m-%d %H:%M}"
        assert DateField(localize=True).widget.format_value(MOMENT.date()) == f"{MOMENT:%Y-%m-%d}"
        for typed in ("2026-09-05", "2026/09/05", "2026年9月5日"):
            assert DateField().clean(typed) == date(2026, 9, 5)


def test_letters_keep_the_days_of_their_language() -> None:
    for language, said in {"en": "5 September 2026", "zh-hans": "2026年9月5日"}.items():
        with override(language):
            assert day_in_letter(date(2026, 9, 5)) == said
