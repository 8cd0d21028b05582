"""The worklist and the case page, as a collector meets them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import (
    DAY,
    AccountFactory,
    BillFactory,
    BusinessDayFactory,
    CaseFactory,
    CustomerFactory,
    EventFactory,
    MessageFactory,
    PaymentFactory,
    StandingFactory,
    UserFactory,
)
from tests.whole_cases import late_case

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15


@pytest.fixture
def collector(client: Client) -> Client:
    BusinessDayFactory()
    client.force_login(UserFactory())
    return client


@pytest.mark.parametrize("address", ["/cases/%00/", "/cases/C%00/evidence/A/", "/cases/C/evidence/%00/"])
def test_an_address_with_a_nul_is_not_found(collector: Client, address: str) -> None:
    assert collector.get(address).status_code == 404


def test_names_are_masked_everywhere(collector: Client) -> None:
    case = late_case(customer=CustomerFactory(name="王小明"))
    for address in ("/worklist/", f"/cases/{case.ref}/", "/messages/"):
        page = collector.get(address).content.decode()
        assert "王*明" in page
        assert "王小明" not in page
    page = collector.get(f"/cases/{case.ref}/").content.decode()
    assert "110***********2046" in page
    assert "138****2046" in page
    assert "13800002046" not in page
    assert "110101199003072046" not in page


def test_the_case_page_tells_the_whole_story(collector: Client) -> None:
    case = late_case()
    page = collector.get(f"/cases/{case.ref}/").content.decode()
    for text in (
        "¥10,480.55",  # overdue
        "¥12,240.00",  # owed: the returned payment counts no more
        "asks at least 2,310.00, got 1,000.00 and lacks 1,310.00",
        "2 more bills are unmet",
        "Not yet due",
        "Returned by the bank",
        "Complaint under review",
        "write an e-mail",  # what the gate says of the address, at whatever hour
        "Payment taken back",
        "allowed again from",
        "Case opened",
    ):
        assert text in page, text


def test_a_closed_case_says_so(collector: Client) -> None:
    case = CaseFactory(status="cured", closed_on=DAY)
    assert f"Cured on {DAY:%Y-%m-%d}" in collector.get(f"/cases/{case.ref}/").content.decode()


def test_an_unknown_case_is_not_found(collector: Client) -> None:
    assert collector.get("/cases/nothing/").status_code == 404


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("money", {"payment", "reversal"}),
        ("standing", {"standing"}),
        ("contact", {"message", "refusal"}),
        ("record", {"event"}),
        ("", {"payment", "reversal", "standing", "message", "refusal", "event"}),
        ("nonsense", {"payment", "reversal", "standing", "message", "refusal", "event"}),
    ],
)
def test_the_timeline_shows_one_kind_or_all_newest_first(collector: Client, kind: str, expected: set[str]) -> None:
    case = late_case()
    late_case()
    entries = collector.get(f"/cases/{case.ref}/?timeline={kind}").context["entries"]
    assert {entry.what for entry in entries} == expected
    moments = [entry.at for entry in entries]
    assert moments == sorted(moments, reverse=True)


def test_the_timeline_alone_is_given_to_htmx(collector: Client) -> None:
    case = late_case()
    part = collector.get(f"/cases/{case.ref}/?timeline=money", headers={"HX-Request": "true"}).content.decode()
    assert 'id="timeline"' in part
    assert "<html" not in part


def test_the_evidence_is_the_judgement_itself_on_any_day_and_as_known_at_any_moment(collector: Client) -> None:
    case = late_case(bills=1)
    account = case.customer.accounts.get()
    address = f"/cases/{case.ref}/evidence/{account.ref}/"
    assert address in collector.get(f"/cases/{case.ref}/").content.decode()
    told = collector.get(address).context["told"]
    assert (told.as_of, told.how_late.days_past_due) == (DAY, 78)
    assert "78 days past due" in collector.get(address).content.decode()
    earlier = collector.get(f"{address}?as_of={DAY - timedelta(days=70)}&known_at=2026-11-01T09:00").context["told"]
    assert earlier.how_late.days_past_due == 8
    assert earlier.known_at is not None
    assert "“soon” is no date" in collector.get(f"{address}?as_of=soon").content.decode()


@pytest.mark.parametrize(
    "query", ["as_of=0001-01-01", "as_of=9999-12-31", "known_at=0001-01-01T00:00", "known_at=9999-12-31T23:59"]
)
def test_days_at_the_ends_of_the_calendar_are_refused_in_words(collector: Client, query: str) -> None:
    case = late_case()
    page = collector.get(f"/cases/{case.ref}/evidence/{case.customer.accounts.get().ref}/?{query}").content.decode()
    assert "is too early" in page or "is too late" in page


def test_a_reference_may_hold_what_addresses_are_made_of(collector: Client) -> None:
    case = late_case()
    case.customer.accounts.update(ref="2026/07?#%..& 1")
    address = f"/cases/{case.ref}/evidence/2026/07%3F%23%25..&amp;%201/"
    assert address in collector.get(f"/cases/{case.ref}/").content.decode()
    assert collector.get(address.replace("&amp;", "&")).context["account"].ref == "2026/07?#%..& 1"


def test_the_evidence_of_another_customers_account_is_not_found(collector: Client) -> None:
    case, other = late_case(), late_case()
    account = other.customer.accounts.get()
    assert collector.get(f"/cases/{case.ref}/evidence/{account.ref}/").status_code == 404


@pytest.mark.parametrize("rows", [2, 20])
def test_queries_do_not_grow_with_the_rows(collector: Client, django_assert_max_num_queries, rows: int) -> None:
    for _ in range(rows):
        late_case()
    case = late_case(bills=rows)
    for _ in range(rows):
        account = AccountFactory(customer=case.customer)
        BillFactory(account=account)
        StandingFactory(account=account)
        PaymentFactory(account=account)
        EventFactory(customer_id=case.customer_id)
        MessageFactory(customer=case.customer, key=f"key-{account.pk}")
    for address in ("/", "/worklist/", "/worklist/?q=K2026&bucket=M3&product=plain&sort=name", f"/cases/{case.ref}/"):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert collector.get(address).status_code == 200
