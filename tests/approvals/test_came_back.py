"""What came back to who asked: announced where she works, until she has looked at it or asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from approvals import services
from approvals.models import Request
from approvals.selectors import came_back
from runs import clock
from tests.factories import AccountFactory, CaseFactory, TeamFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def asking(lin) -> Client:
    client = Client()
    client.force_login(lin)
    return client


def made(by, number: int = 1) -> list[Request]:
    team = TeamFactory(name="Team 1")
    return [asked(by, AccountFactory(customer=CaseFactory(team=team).customer)) for _ in range(number)]


def decide(by, request: Request, verb: str, comment: str = "Because") -> None:
    getattr(services, verb)(actor=by, request_id=request.pk, seen_version=request.version, comment=comment)
    request.refresh_from_db()


def rail(client: Client) -> str:
    return client.get("/queues/counts/").content.decode()


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("approve", "What you asked for is done"),
        ("reject", "Nothing was done. Read why before you ask anew."),
    ],
)
def test_what_is_decided_is_announced_until_its_author_opens_it(asking, lin, chen, verb, words) -> None:
    (request,) = made(lin)
    assert not came_back(lin)
    decide(chen, request, verb)
    assert '<b hx-swap-oob="innerHTML:.n-approvals">1</b>' in rail(asking)
    assert "Came back to me" in rail(asking)
    for address in ("/", "/approvals/?show=back"):
        page = asking.get(address).content.decode()
        assert words in page, address
        assert f'href="/approvals/{request.pk}/"' in page
    desk = Client()
    desk.force_login(chen)
    desk.get(f"/approvals/{request.pk}/")
    asking.head(f"/approvals/{request.pk}/")
    assert list(came_back(lin)) == [request], "it is for its author to open"
    assert words in asking.get(f"/approvals/{request.pk}/").content.decode()
    assert not came_back(lin)
    assert "Came back to me" not in rail(asking)
    assert words not in asking.get("/").content.decode()


def test_what_was_sent_back_stays_until_it_is_asked_again(asking, lin, chen) -> None:
    (request,) = made(lin)
    decide(chen, request, "send_back", "Why so much?")
    asking.get(f"/approvals/{request.pk}/")
    asking.post("/approvals/seen/", {"request": [request.pk]})
    page = asking.get("/").content.decode()
    assert "Answer and ask again by" in page
    assert "Why so much?" in page
    services.resubmit(
        actor=lin, request_id=request.pk, seen_version=request.version, payload=request.payload,
        preview=request.preview, reason="So",
    )  # fmt: skip
    assert not came_back(lin)


def test_what_nobody_decided_in_time_comes_back_and_asking_anew_answers_it(lin, now) -> None:
    (request,) = made(lin)
    with clock.frozen(now + timedelta(days=8)):
        services.expire_overdue()
        assert list(came_back(lin)) == [request]
        account = request.customer.accounts.get()
        asked(lin, account)
        assert not came_back(lin)


def test_several_are_seen_with_one_press_and_nobody_elses(asking, lin, chen, wang) -> None:
    mine, (hers,) = made(lin, 2), made(chen)
    for request in mine:
        decide(chen, request, "reject")
    decide(wang, hers, "reject")
    asking.post("/approvals/seen/", {"request": [mine[0].pk, hers.pk, "x"]})
    assert list(came_back(lin)) == [mine[1]]
    assert list(came_back(chen)) == [hers]


def test_what_one_withdraws_oneself_is_not_announced(lin) -> None:
    (request,) = made(lin)
    services.withdraw(actor=lin, request_id=request.pk, seen_version=1)
    assert not came_back(lin)


def test_above_her_own_list_stand_the_newest(asking, lin, chen) -> None:
    first, *others = made(lin, 5)
    decide(chen, first, "send_back")
    for request in others:
        decide(chen, request, "reject")
    page = asking.get("/")
    assert page.context["back"] == {"rows": [first, *others[:1:-1]], "number": 5}, (
        "what is to be changed before the rest"
    )
    assert page.content.decode().count("Nothing was done. Read why before you ask anew.") == 2
