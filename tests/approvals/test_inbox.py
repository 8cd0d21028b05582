"""The inbox: what somebody may decide, in which order, and at what cost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import services
from approvals.models import Request
from approvals.selectors import inbox_of, mine, page_of_inbox
from tests.approvals.deeds import allow, limited
from tests.factories import MOMENT, AccountFactory, CaseFactory, TeamFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


def test_the_inbox_holds_what_she_may_decide_and_nothing_else(lin, chen, wang) -> None:
    allow("supervisor", 1000)
    allow("supervisor", None, "USD")
    near = lambda: AccountFactory(customer=CaseFactory().customer)  # noqa: E731
    small, dollars = limited(lin, near(), "1000.00"), limited(lin, near(), "99999", "USD")
    plain, about_nobody = asked(wang, near()), asked(lin, near(), customer=None)
    limited(lin, near(), "1000.01")
    asked(chen, near())
    asked(lin, AccountFactory(customer=CaseFactory(team=TeamFactory(name="Team 2")).customer))
    decided = asked(lin, near())
    services.reject(actor=wang, request_id=decided.pk, seen_version=1, comment="No")
    assert set(inbox_of(chen)) == {small, dollars, plain, about_nobody}
    for one in inbox_of(chen):
        services.approve(actor=chen, request_id=one.pk, seen_version=1)
    assert not inbox_of(chen).exists()
    assert not inbox_of(lin).exists()
    assert mine(chen).count() == 1
    assert mine(lin).count() == 6


def test_the_inbox_begins_with_what_expires_first(lin, chen) -> None:
    first, second = (asked(lin, AccountFactory(customer=CaseFactory().customer)) for _ in range(2))
    Request.objects.filter(pk=second.pk).update(expires_at=MOMENT + timedelta(hours=1))
    assert list(inbox_of(chen)) == [second, first]
    Request.objects.filter(pk=second.pk).update(expires_at=MOMENT)
    assert list(inbox_of(chen)) == [first]


def test_the_pages_of_the_inbox_are_the_inbox_from_whichever_end_they_are_found(lin, chen) -> None:
    whole = [asked(lin, AccountFactory(customer=CaseFactory().customer)) for _ in range(8)]
    assert list(inbox_of(chen)) == whole
    for size in (1, 3, 5, 8, 20):
        pages = [page_of_inbox(inbox_of(chen), first=first, size=size, number=8) for first in range(0, 8, size)]
        assert [row for page in pages for row in page] == whole


@pytest.mark.parametrize("count", [1, 30])
def test_the_inbox_asks_as_much_for_many_as_for_few(lin, chen, django_assert_num_queries, count) -> None:
    allow("supervisor", 1000)
    for _ in range(count):
        limited(lin, AccountFactory(customer=CaseFactory().customer), "5")
    chen = type(chen).objects.get(pk=chen.pk)
    # Her permissions (two), her scope, her limits, whom she stands in for, the requests.
    with django_assert_num_queries(5):
        assert len(inbox_of(chen)) == count
