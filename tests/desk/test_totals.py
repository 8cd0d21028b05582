"""The control totals of a day and source: what its files brought against what became of it, on the page and as a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import PaymentFile, UnmatchedPayment
from accounts.services.unmatched import give_back, match
from audit.models import Event
from desk.totals import Totals, of_days, sum_of
from tests.clients import signed_in
from tests.desk.test_unmatched import clerk, folder, waiting  # noqa: F401  # fixtures
from tests.importing.test_large_and_concurrent import imported

pytestmark = pytest.mark.django_db
DAY = date(2026, 5, 1)
AT = datetime(2026, 5, 1, 4, tzinfo=UTC)


def file(day: date = DAY, source: str = "Lin", received: int = 100, **amounts: int) -> PaymentFile:
    posted = amounts or {"posted_amount": received}
    return PaymentFile.objects.create(
        received_at=AT, business_day=day, actor_name=source, received=3, received_amount=received, **posted
    )


def rows(days=None) -> list[tuple]:
    found = of_days(PaymentFile.objects.all()) if days is None else days
    return [(one.day, one.source, one.files, one.totals.received, one.totals.difference) for one in found]


@pytest.fixture
def desk(clerk) -> Client:  # noqa: F811
    return signed_in(clerk)


def test_files_of_a_day_and_source_are_one_row_and_a_loss_shows() -> None:
    file()
    file(received=50, posted_amount=30)
    file(source="core system", received=7)
    file(day=DAY - timedelta(days=1), received=9)
    assert rows() == [
        (DAY, "Lin", 2, 150, 20),
        (DAY, "core system", 1, 7, 0),
        (DAY - timedelta(days=1), "Lin", 1, 9, 0),
    ]
    total = sum_of(of_days(PaymentFile.objects.all()))
    assert (total.received, total.received_number, total.difference) == (166, 12, 20)
    assert sum_of([]) == Totals(*[0] * 11)


def test_what_waited_is_followed_until_it_is_decided(folder, waiting, clerk) -> None:  # noqa: F811
    (before,) = of_days(PaymentFile.objects.all())
    assert (before.totals.waiting, before.totals.difference) == (waiting.amount, 0)
    folder.add("payments", "X2", "nobody", "5.00", "2026-02-20", "", "bank")
    assert imported(folder.write()).ok
    match(actor=clerk, unmatched_id=waiting.pk, account_ref="A1", reason="Hers")
    give_back(actor=clerk, unmatched_id=UnmatchedPayment.objects.get(ref="X2").pk, reason="Unknown sender")
    (after,) = of_days(PaymentFile.objects.all())
    assert after.files == 2
    total = after.totals
    assert (total.matched, total.returned, total.waiting, total.difference) == (waiting.amount, 5, 0, 0)
    assert total.known == before.totals.received, "the second file brought all of the first again"


def test_however_many_there_are_it_asks_twice(django_assert_num_queries) -> None:
    for number in range(12):
        of = file(day=DAY - timedelta(days=number), received=10, waiting_amount=10)
        UnmatchedPayment.objects.create(
            ref=f"X{number}", account_ref="?", amount=10, effective_on=DAY, recorded_at=AT, file=of
        )
    with django_assert_num_queries(2):
        assert {one.totals.difference for one in of_days(PaymentFile.objects.all())} == {Decimal(0)}


def test_on_its_page_by_day_and_source(desk) -> None:
    assert "No file of payments yet" in desk.get("/payments/days/").content.decode()
    file(received=50, posted_amount=30)
    file(day=date(2026, 4, 1), source="core system", received=77)
    page = desk.get("/payments/days/").content.decode()
    assert '<span class="pill mustnot">20.00</span>' in page
    assert "<small>0 payments</small>" in page, "a count, not an amount"
    assert '<span class="pill may">0.00</span>' in page
    assert 'href="/payments/files/?day=2026-05-01&amp;source=Lin"' in page
    files = desk.get("/payments/files/?day=2026-05-01&source=Lin").content.decode()
    assert "50.00" in files
    assert "77.00" not in files
    assert "77.00" not in desk.get("/payments/days/?since=2026-04-02").content.decode()
    assert "50.00" not in desk.get("/payments/days/?source=core+system&until=2026-04-30").content.decode()
    wrong = desk.get("/payments/days/?since=2026-04-02&until=2026-04-01").content.decode()
    assert "expected that day or a later one" in wrong
    assert "is no date" in desk.get("/payments/days/?since=soon").content.decode()
    part = desk.get("/payments/days/", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div id="results">')


def test_as_a_file_in_which_nothing_runs_and_on_the_record(desk) -> None:
    file(source="=cmd|calc", received=50, posted_amount=30)
    answer = desk.get("/payments/days/export/?since=2026-05-01")
    told = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert told[0].startswith("Business day,Imported by,Files,Received")
    assert told[1] == "2026-05-01,'=cmd|calc,1,50.00,3,30.00,0.00,0.00,0.00,0.00,0.00,20.00"
    assert Event.objects.get(verb="list.exported").after["list"] == "control-totals"
    refused = desk.get("/payments/days/export/?since=soon")
    assert refused.status_code == 400
    assert "is no date" in refused.content.decode()


def test_what_waits_is_reached_from_the_day(desk, waiting) -> None:  # noqa: F811
    day = waiting.file.business_day
    link = f"/payments/unmatched/?status=waiting&amp;day={day}"
    assert link in desk.get("/payments/days/").content.decode()
    assert "X1" in desk.get(link.replace("&amp;", "&")).content.decode()
    other = f"/payments/unmatched/?status=waiting&day={day - timedelta(days=1)}"
    assert "No payment matches" in desk.get(other).content.decode()
