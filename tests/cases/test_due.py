"""Which cases ask for something today: the next one to take and the page of the case say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from cases.models import Case
from cases.selectors.desk import CaseDesk, with_day
from cases.services.taking import take_next
from runs import clock
from tests.factories import CaseFactory, ContactPointFactory, UserFactory

# Noon where the lender is; where the reader is it may be another day.
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TODAY = NOON.date()
BEFORE, AFTER = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
MIDNIGHT = clock.begins(TODAY)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("case", "is_due"),
    [
        ({}, False),
        ({"follow_up_on": TODAY}, True),
        ({"follow_up_on": BEFORE, "contacted_at": MIDNIGHT - SECOND}, True),
        ({"follow_up_on": BEFORE, "contacted_at": MIDNIGHT}, False),
        ({"follow_up_on": AFTER}, False),
        ({"promise_broken_on": BEFORE}, True),
        ({"promise_broken_on": BEFORE, "contacted_at": MIDNIGHT - SECOND}, True),
        ({"promise_broken_on": BEFORE, "contacted_at": MIDNIGHT}, False),
        ({"promise_broken_on": BEFORE, "follow_up_on": AFTER, "contacted_at": MIDNIGHT - SECOND}, True),
        ({"promise_broken_on": BEFORE, "follow_up_on": TODAY, "contacted_at": MIDNIGHT}, False),
    ],
)
def test_the_next_case_and_its_page_agree_on_what_is_due(case: dict[str, object], is_due: bool, zone: str) -> None:
    lin = UserFactory()
    made = CaseFactory(assignee=lin, **case)
    ContactPointFactory(customer=made.customer, kind="mobile", clear="13812345678")
    with clock.frozen(NOON), timezone.override(ZoneInfo(zone)):
        assert CaseDesk(with_day(Case.objects.all()).get(), lin).is_due is is_due
        assert (take_next(actor=lin) == made) is is_due
