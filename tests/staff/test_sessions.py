"""Sessions end by themselves, by their owner, and by an administrator; and staying alive costs next to nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from audit.models import Event
from staff import services, sessions
from staff.models import StaffSession, User
from staff.sessions import SessionStore, handle_of
from tests.clients import signed_in
from tests.factories import UserFactory
from tests.staff.doors import enrolled, give_password, is_in, present_code

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def session_of(client: Client) -> StaffSession:
    return StaffSession.objects.get(session_key=client.session.session_key)


def idle(client: Client, **time: int) -> None:
    StaffSession.objects.filter(pk=session_of(client).pk).update(last_seen_at=timezone.now() - timedelta(**time))


def test_a_session_knows_whose_it_is_where_and_since_when(client: Client) -> None:
    user = UserFactory()
    device = enrolled(user)
    give_password(client, user)
    client.post("/login/code/", {"code": present_code(device)}, HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="192.0.2.9")
    row = session_of(client)
    assert (row.user, row.browser, row.address) == (user, "Firefox, Windows", "192.0.2.9")
    assert row.signed_in_at is not None
    assert timezone.now() - row.signed_in_at < timedelta(minutes=1)


def test_half_an_hour_without_a_request_ends_a_session() -> None:
    client = signed_in()
    idle(client, minutes=29)
    assert is_in(client)
    idle(client, minutes=31)
    assert not is_in(client)


def test_what_a_page_asks_by_itself_keeps_no_session_awake() -> None:
    client = signed_in(role="")
    idle(client, minutes=20)
    client.get("/home/", headers={"X-Unattended": "true"})
    assert timezone.now() - session_of(client).last_seen_at > timedelta(minutes=19)
    client.get("/home/")
    assert timezone.now() - session_of(client).last_seen_at < timedelta(minutes=1)


def test_twelve_hours_end_a_session_however_busy_it_was() -> None:
    client = signed_in()
    row = session_of(client)
    assert timedelta(hours=11, minutes=59) < row.expire_date - timezone.now() <= timedelta(hours=12)
    session = client.session
    session["something"] = "written later"
    session.save()
    assert session_of(client).expire_date == row.expire_date
    StaffSession.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(client)


def test_a_request_costs_no_write_and_the_first_of_a_minute_one(django_assert_num_queries) -> None:
    client = signed_in(role="")
    client.get("/home/")
    with django_assert_num_queries(3) as quick:  # session, person, rights (twice)
        client.get("/home/")
    assert not [query for query in quick if query["sql"].startswith("UPDATE")]
    idle(client, minutes=2)
    with django_assert_num_queries(4):
        client.get("/home/")
    assert timezone.now() - session_of(client).last_seen_at < timedelta(minutes=1)


def test_no_page_shows_what_opens_a_session() -> None:
    boss = signed_in(role="administrator")
    client = signed_in()
    for page in (boss.get("/sessions/"), client.get("/preferences/")):
        text = page.content.decode()
        assert handle_of(client.session.session_key) in text or client.session.session_key not in text
        assert client.session.session_key not in text
        assert boss.session.session_key not in text


def test_a_reader_sees_and_ends_her_own_sessions_only() -> None:
    user = UserFactory()
    here, there, other = signed_in(user), signed_in(user), signed_in()
    listed = {one.pk for one in here.get("/preferences/").context["sessions"]}
    assert listed == {session_of(here).pk, session_of(there).pk}
    assert here.post(f"/sessions/{session_of(other).handle}/end/").status_code == 404
    assert is_in(other)
    assert here.post(f"/sessions/{session_of(there).handle}/end/").status_code == 302
    assert not is_in(there)
    assert is_in(here)
    assert here.get("/sessions/").status_code == 403
    assert here.post(f"/sessions/of/{user.pk}/end/").status_code == 403


def test_a_reader_signs_out_everywhere_else() -> None:
    user = UserFactory()
    here, there = signed_in(user), signed_in(user)
    here.post("/sessions/own/end/")
    assert is_in(here)
    assert not is_in(there)
    assert Event.objects.get(verb="user.sessions-ended").after == {"sessions": 1}


def test_an_administrator_ends_one_session_or_all_of_a_person() -> None:
    user = UserFactory()
    boss, first, second, third = signed_in(role="administrator"), signed_in(user), signed_in(user), signed_in(user)
    assert user.username in boss.get("/sessions/").content.decode()
    boss.post(f"/sessions/{session_of(first).handle}/end/", {"from": "sessions"})
    assert [is_in(one) for one in (first, second, third)] == [False, True, True]
    boss.post(f"/sessions/of/{user.pk}/end/")
    assert [is_in(one) for one in (first, second, third)] == [False, False, False]
    assert is_in(boss)
    assert Event.objects.filter(verb="user.sessions-ended", subject_id=user.pk).count() == 2


def test_everybodys_sessions_cost_the_same_queries_for_two_and_for_twenty(django_assert_max_num_queries) -> None:
    boss = signed_in(role="administrator")
    for _ in range(20):
        signed_in()
    with django_assert_max_num_queries(12):
        assert boss.get("/sessions/").status_code == 200


def test_ended_and_expired_sessions_are_cleared_away_and_live_ones_stay() -> None:
    live, stale = signed_in(), signed_in()
    idle(stale, hours=1)
    SessionStore.clear_expired()
    assert set(StaffSession.objects.values_list("pk", flat=True)) == {session_of(live).pk}
    assert [one.pk for one in sessions.live()] == [session_of(live).pk]


def test_a_stolen_key_of_an_ended_session_opens_nothing() -> None:
    client = signed_in()
    key = client.session.session_key
    user = session_of(client).user
    assert isinstance(user, User)
    services.end_sessions(actor=user, user=user)
    request = HttpRequest()
    request.session = SessionStore(key)
    assert not get_user(request).is_authenticated
