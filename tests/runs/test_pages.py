"""The pages of days and jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import DAY, BusinessDayFactory, DayCloseFactory, JobRunFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(UserFactory(role="auditor"))
    return client


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_before_the_first_close_the_list_says_what_to_do(reader: Client) -> None:
    assert "manage.py close_day" in page(reader, "/days/")


def test_days_are_listed_with_their_state_newest_first(reader: Client) -> None:
    BusinessDayFactory(date=DAY - timedelta(days=1), is_opening=True)
    BusinessDayFactory()
    DayCloseFactory()
    DayCloseFactory(date=DAY + timedelta(days=1), status="failed", done=3)
    shown = page(reader, "/days/")
    assert shown.index("2026-11-23") < shown.index('href="/days/2026-11-22/"')
    assert "Failed" in shown
    assert "1 min 23 s" in shown


def test_a_days_page_shows_each_step_with_progress_counts_and_time(reader: Client) -> None:
    BusinessDayFactory()
    DayCloseFactory(result={"became_late": 1280})
    DayCloseFactory(step="accrue", position=2, total=10, done=10)
    shown = page(reader, f"/days/{DAY}/")
    assert "1. Age the accounts" in shown
    assert "2. Accrue late fees" in shown
    assert "1,200 / 1,200" in shown
    assert "became late" in shown
    assert "1,280" in shown
    assert 'hx-trigger="every 2s"' not in shown, "a closed day asks no more"


def test_a_running_day_asks_again_and_a_failed_one_says_how_to_go_on(reader: Client) -> None:
    step = DayCloseFactory(status="running", done=600, finished_at=None)
    assert 'hx-trigger="every 2s"' in page(reader, f"/days/{DAY}/")
    step.status, step.error = "failed", "Disk full"
    step.save()
    shown = page(reader, f"/days/{DAY}/")
    assert 'hx-trigger="every 2s"' not in shown
    assert "Disk full" in shown
    assert "manage.py close_day" in shown


@pytest.mark.parametrize("address", ["/days/2026-11-20/", "/days/2026-99-99/", "/days/soon/"])
def test_a_day_that_was_never_begun_is_not_found(reader: Client, address: str) -> None:
    assert reader.get(address).status_code == 404


def test_a_job_is_seen_by_who_asked_for_it_and_asks_again_until_it_is_over(client: Client) -> None:
    mine, other = UserFactory(), UserFactory()
    job = JobRunFactory(status="running", total=200, done=50, actor_id=mine.pk, actor_name="Lin")
    address = f"/jobs/{job.pk}/"
    client.force_login(other)
    assert client.get(address).status_code == 404
    client.force_login(mine)
    assert 'hx-trigger="every 2s"' in page(client, address)
    assert "50 / 200" in page(client, address)
    part = client.get(address, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    job.status, job.error = "failed", "The file is gone"
    job.save()
    shown = page(client, address)
    assert "The file is gone" in shown
    assert 'hx-trigger="every 2s"' not in shown
