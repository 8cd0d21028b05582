"""The demo writes by e-mail, SMS and letter, and some of its people have a postal address."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import ContactPoint, Standing
from delinquency.demo.logins import make_logins
from delinquency.demo.writing import PRICES, RULES, write_more
from reminders.selectors import price_of
from runs import clock
from staff.models import User
from strategy.models import Deployment
from tests.whole_cases import late_case

pytestmark = pytest.mark.django_db


def test_from_today_on_it_writes_by_every_channel_and_some_have_an_address() -> None:
    make_logins()
    case = late_case()
    Standing.objects.update(bucket="M4")
    write_more(asks=User.objects.get(username="supervisor"), decides=User.objects.get(username="deputy"))
    latest = Deployment.objects.latest("pk")
    assert latest.effective_from == clock.today()
    codes = list(latest.champion.rules.order_by("position").values_list("code", flat=True))
    assert codes == ["first-late", *(rule["code"] for rule in RULES)]
    point = ContactPoint.objects.get(customer=case.customer, kind="address")
    assert (point.verification, point.permitted, point.relationship) == ("verified", True, "own")
    assert all(price_of(channel, "", clock.today()) == (Decimal(each), "CNY") for channel, each in PRICES.items())
