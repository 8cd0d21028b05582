"""Promises, deferrals and follow-ups from the page of a case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Hold
from cases.models import Case, Promise
from cases.selectors.desk import CaseDesk, with_day
from compliance.models import Contact
from tests.cases.deeds import HTMX, SOON, TODAY, values
from tests.factories import UserFactory

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.django_db]


def test_a_promise_is_split_into_equal_instalments(case: Case, desk: Client) -> None:
    asked = {"rows": 1, "amount_1": "100.00", "on_1": SOON, "parts": 3, "interval": "7", "split": "1"}
    page = desk.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    for value in ("33.33", "33.34", (SOON + timedelta(days=14)).isoformat()):
        assert f'value="{value}"' in page
    assert 'name="rows" value="3"' in page
    assert not Promise.objects.exists()


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        (["400.00", "500.00"], "Of ¥1,000.00 overdue ¥100.00 is left to be divided."),
        (["400.00", "600.00"], "All of ¥1,000.00 overdue is divided."),
        (["400.00", "600.01"], "¥0.01 more than the ¥1,000.00 overdue."),
        (["400.00", ""], "Of ¥1,000.00 overdue ¥600.00 is left to be divided."),
        (["400.00", "-1"], "Of ¥1,000.00 overdue ¥600.00 is left to be divided."),
    ],
)
def test_what_is_left_to_be_divided_is_said_of_the_amounts_as_typed(
    case: Case, desk: Client, amounts: list[str], said: str
) -> None:
    Case.objects.update(overdue_amount=1000)
    asked = {"rows": 2, "left": "1", "on_1": "", "on_2": ""} | {f"amount_{n}": one for n, one in enumerate(amounts, 1)}
    page = desk.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    assert page.strip() == said
    inner = {f"promise-{name}": value for name, value in asked.items() if name != "left"} | {"left": "1"}
    page = desk.post(f"/cases/{case.ref}/inbound/", values("inbound", case) | inner, headers=HTMX).content.decode()
    assert page.strip() == said
    assert not Promise.objects.exists()
    assert not Contact.objects.exists()


def test_of_a_chosen_debt_what_is_overdue_on_it_is_divided(case: Case, desk: Client) -> None:
    Case.objects.update(overdue_amount=1000)
    (late,) = CaseDesk(with_day(Case.objects.all()).get(), UserFactory()).late
    asked = {"left": "1", "amount_1": "1", "account": late.account.pk}
    page = desk.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    assert page.startswith(f"Of ¥{late.how_late.overdue_amount / 100:,.2f} overdue")
    assert "All of ¥1,000.00 overdue is divided." in desk.get(f"/cases/{case.ref}/promise/").content.decode()


def test_instalments_that_were_not_shown_are_shown_before_anything_is_saved(case: Case, client: Client) -> None:
    client.force_login(UserFactory())
    asked = {"rows": 1, "amount_1": "90.00", "on_1": TODAY + timedelta(days=7), "parts": 3, "interval": "fit"}
    page = client.post(f"/cases/{case.ref}/promise/", values("promise", case) | asked, headers=HTMX).content.decode()
    assert "Nothing is saved yet" in page
    assert not Promise.objects.exists()
    shown = {"rows": 3, "parts": 3} | {f"amount_{number}": "30.00" for number in (1, 2, 3)}
    for number, ahead in enumerate((7, 10, 13), 1):  # within the fortnight that she may decide
        shown[f"on_{number}"] = TODAY + timedelta(days=ahead)
        assert f'value="{shown[f"on_{number}"].isoformat()}"' in page
    client.post(f"/cases/{case.ref}/promise/", values("promise", case) | shown, headers=HTMX)
    assert Promise.objects.get().instalments.count() == 3


def test_a_collector_cannot_place_a_deferral_by_hand(case: Case, client: Client) -> None:
    client.force_login(UserFactory())
    page = client.post(f"/cases/{case.ref}/hold/", values("hold", case, kind="deferral")).content.decode()
    assert "is not on the list" in page
    assert not Hold.objects.exists()


def test_a_blank_follow_up_takes_it_off(case: Case, desk: Client) -> None:
    Case.objects.filter(pk=case.pk).update(follow_up_on=SOON)
    desk.post(f"/cases/{case.ref}/follow-up/", values("follow-up", case, on=""))
    case.refresh_from_db()
    assert case.follow_up_on is None
