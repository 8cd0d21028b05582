"""A queue's filters and order, changed from the worklist after it was saved."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client

from audit.models import Event
from cases.models import Queue
from cases.services.queues import ask_otherwise
from staff.models import User
from tests.factories import CaseFactory, UserFactory

pytestmark = pytest.mark.django_db
MOST_QUERIES = 15


def said(answer: HttpResponse) -> list[str]:
    return [str(message) for message in answer.context["messages"]]  # type: ignore[attr-defined]


def kept_in(client: Client, queue: Queue, asked: str) -> HttpResponse:
    """Sends the form that the page of the queue's filters shows for that question."""
    shown = client.get(f"/queues/{queue.pk}/filters/{asked}").context
    sent = {"query": shown["present"], "sort": shown["sort"], "next": f"/queues/{queue.pk}/filters/{asked}"}
    seen = {"seen_query": shown["changing"].query, "seen_sort": shown["changing"].sort}
    return client.post(f"/queues/{queue.pk}/filters/", sent | seen, follow=True)


def test_its_page_begins_with_what_the_queue_asks(collector: Client) -> None:
    own = Queue.objects.create(name="Mine", owner=User.objects.get(username="lin"), query="bucket=M2", sort="-amount")
    plain = collector.get(f"/queues/{own.pk}/filters/")
    assert (plain.status_code, plain["Location"]) == (302, f"/queues/{own.pk}/filters/?bucket=M2")
    shown = collector.get(plain["Location"])
    assert shown.context["changes"] == []
    # To clear all is to ask for everything, and not to come back to what it asks.
    assert f'href="/queues/{own.pk}/filters/?sort=-amount"' in shown.content.decode()


def test_the_filters_and_the_order_of_a_queue_are_changed_from_the_worklist(collector: Client) -> None:
    for bucket in ("M1", "M2", "M3"):
        CaseFactory(ref=bucket, bucket=bucket)
    lin = User.objects.get(username="lin")
    own = Queue.objects.create(name="Mine", owner=lin, query="bucket=M2&amount_min=1", sort="-amount")
    page = f"/queues/{own.pk}/filters/?{own.query}"
    assert f'href="{page}"'.replace("&", "&amp;") in collector.get(f"/queues/{own.pk}/").content.decode()
    shown = collector.get(page)
    assert (shown.context["changes"], {case.ref for case in shown.context["rows"]}) == ([], {"M2"})
    assert "Save in this queue" not in shown.content.decode()
    asked = "?bucket=M2&bucket=M3&sort=name"
    shown = collector.get(f"/queues/{own.pk}/filters/{asked}")
    assert {case.ref for case in shown.context["rows"]} == {"M2", "M3"}
    assert [tuple(map(str, change)) for change in shown.context["changes"]] == [
        ("Bucket", "M2", "M2 M3"),
        ("Amount from", "1", "None"),
        ("Order", "Overdue amount (descending)", "Name"),
    ]
    answer = kept_in(collector, own, asked)
    assert answer.redirect_chain == [(f"/queues/{own.pk}/", 302)]
    assert {case.ref for case in answer.context["rows"]} == {"M2", "M3"}
    own.refresh_from_db()
    assert (own.name, own.query, own.sort) == ("Mine", "bucket=M2&bucket=M3", "name")
    event = Event.objects.get(verb="queue.changed")
    assert (event.before["filters"], event.after["filters"]) == ("bucket=M2&amount_min=1", "bucket=M2&bucket=M3")
    assert (event.before["order"], event.after["order"], event.actor_name) == ("-amount", "name", "Lin")


def test_filters_are_not_kept_in_a_queue_that_was_changed_meanwhile(supervisor: Client) -> None:
    queue = Queue.objects.create(name="Ours", query="bucket=M1", sort="name")
    stale = {"query": "bucket=M2", "sort": "name", "seen_query": "bucket=M1", "seen_sort": "name", "next": "/queues/"}
    kept_in(supervisor, queue, "?bucket=M3")
    answer = supervisor.post(f"/queues/{queue.pk}/filters/", stale, follow=True)
    assert "was changed since you opened this page" in said(answer)[0]
    assert "Lin: Queue changed" in said(answer)[0]
    queue.refresh_from_db()
    assert queue.query == "bucket=M3"
    assert Event.objects.filter(verb="queue.changed").count() == 1


def test_who_may_not_change_a_queue_changes_no_filters_of_it(collector: Client) -> None:
    queue = Queue.objects.get(code="new")
    theirs = Queue.objects.create(name="Theirs", owner=UserFactory())
    sent = {"query": "bucket=M1", "sort": queue.sort, "seen_query": queue.query, "seen_sort": queue.sort}
    for method in (collector.get, collector.post):
        assert method(f"/queues/{queue.pk}/filters/", sent).status_code == 403
        assert method(f"/queues/{theirs.pk}/filters/", sent).status_code == 404
    assert "/filters/" not in collector.get(f"/queues/{queue.pk}/").content.decode()
    with pytest.raises(PermissionDenied):
        ask_otherwise(
            actor=User.objects.get(username="lin"),
            queue_id=queue.pk,
            query="bucket=M1",
            sort="name",
            seen=(queue.query, queue.sort),
        )


def test_a_shared_queue_that_shows_calls_goes_on_showing_them(supervisor: Client) -> None:
    queue = Queue.objects.get(query="work=call")
    answer = kept_in(supervisor, queue, "?bucket=M1")
    assert said(answer) == [
        "Strategies may ask for calls in this queue, and with these filters it would show none. Leave “Work: Call asked for” on, "
        "or save them as a new queue."
    ]
    queue.refresh_from_db()
    assert queue.query == "work=call"
    kept_in(supervisor, queue, "?bucket=M1&work=call")
    queue.refresh_from_db()
    assert set(queue.query.split("&")) == {"work=call", "bucket=M1"}


@pytest.mark.parametrize("rows", [2, 20])
def test_the_page_of_a_queues_filters_costs_the_same_however_many_cases_there_are(
    supervisor: Client, django_assert_max_num_queries, rows: int
) -> None:
    CaseFactory.create_batch(rows, bucket="M1")
    queue = Queue.objects.get(code="early")
    with django_assert_max_num_queries(MOST_QUERIES):
        assert len(supervisor.get(f"/queues/{queue.pk}/filters/?bucket=M1&sort=name").context["rows"]) == rows
