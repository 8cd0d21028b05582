"""The inbox and the page of one request."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Account
from approvals import services
from approvals.models import Request
from staff.models import AuthorityLimit, Role
from tests.factories import MOMENT, AccountFactory, CaseFactory, CustomerFactory, TeamFactory, UserFactory
from tests.kinds import asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, chen) -> Client:
    """A supervisor's, who decides."""
    client.force_login(chen)
    return client


@pytest.fixture
def asking(lin) -> Client:
    """A collector's, who asks."""
    client = Client()
    client.force_login(lin)
    return client


def near(team: str = "Team 1", **fields) -> Account:
    return AccountFactory(customer=CaseFactory(team=TeamFactory(name=team), **fields).customer)


def listed(client: Client, query: str = "") -> list[Request]:
    return list(client.get(f"/approvals/{query}").context["rows"])


def post(client: Client, request: Request, verb: str, version: int = 1, **fields):
    return client.post(f"/approvals/{request.pk}/", {"verb": verb, "seen_version": version, **fields})


def limit_of(account: Account) -> Decimal:
    return Account.objects.values_list("credit_limit", flat=True).get(pk=account.pk)


# --- The list


def test_the_list_begins_with_what_she_may_decide_and_is_narrowed(desk, asking, lin, chen, wang) -> None:
    one, other = asked(lin, near()), asked(lin, near(), kind="limited-credit-limit", amount=Decimal(5), currency="CNY")
    hers, far = asked(chen, near()), asked(lin, near("Team 2"))
    gone = asked(wang, near())
    services.reject(actor=chen, request_id=gone.pk, seen_version=1, comment="No")
    assert listed(desk) == [one], "the other is beyond her authority"
    assert listed(desk, "?show=mine") == [hers]
    assert listed(desk, "?show=all") == [gone, hers, other, one]
    assert listed(desk, "?show=all&kind=limited-credit-limit") == [other]
    assert listed(desk, "?show=all&status=rejected") == [gone]
    assert listed(desk, "?show=all&status=nonsense") == [gone, hers, other, one]
    assert listed(desk, "?show=nonsense") == [one]
    assert listed(asking) == [far, other, one], "who decides nothing begins with what she asked for, of any team"
    assert listed(asking, "?show=inbox") == []


def test_the_list_says_how_many_wait_masks_names_and_is_a_part_for_htmx(desk, lin) -> None:
    asked(lin, near(customer=CustomerFactory(name="王小明", ref="C1")))
    page = desk.get("/approvals/").content.decode()
    assert "王*明" in page
    assert "王小明" not in page
    assert 'id="show-inbox"' in page
    assert "To decide <b>1</b>" in page
    part = desk.get("/approvals/?show=inbox", headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<div id="results">')
    assert "HX-Request" in part["Vary"]


def test_the_list_goes_by_pages(desk, lin) -> None:
    made = [asked(lin, near()) for _ in range(26)]
    assert [row.pk for row in listed(desk)] == [row.pk for row in made[:25]]
    assert listed(desk, "?page=2") == made[25:]
    assert listed(desk, "?page=2&kind=credit-limit") == made[25:]
    assert listed(desk, "?show=all") == made[:0:-1]
    assert listed(desk, f"?show=all&before={made[1].pk}") == made[:1]


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_asks_as_much_for_many_as_for_few(desk, lin, django_assert_max_num_queries, count) -> None:
    for _ in range(count):
        asked(lin, near())
    with django_assert_max_num_queries(16):
        assert len(listed(desk)) == count


def test_empty_lists_say_what_stands_there(desk) -> None:
    assert "Nothing to decide" in desk.get("/approvals/").content.decode()
    assert "No request yet" in desk.get("/approvals/?show=all").content.decode()
    assert "No request matches" in desk.get("/approvals/?show=all&status=expired").content.decode()


def test_the_rail_counts_what_waits_for_who_decides(desk, asking, lin) -> None:
    asked(lin, near())
    assert '<b hx-swap-oob="innerHTML:.n-approvals">1</b>' in desk.get("/queues/counts/").content.decode()
    assert '<b hx-swap-oob="innerHTML:.n-approvals">0</b>' in asking.get("/queues/counts/").content.decode()
    for client in (desk, asking):
        assert 'href="/approvals/"' in client.get("/worklist/").content.decode()


# --- One request


def test_the_page_shows_what_it_would_do_and_what_happened(desk, lin, account) -> None:
    request = asked(lin, account)
    page = desk.get(f"/approvals/{request.pk}/").content.decode()
    assert "20000.00 → 30000.00" in page
    for words in ("She earns more now", "Approval asked for", "Approve", 'name="seen_version" value="1"'):
        assert words in page
    assert "Withdraw" not in page


def test_it_is_approved_on_its_page(desk, lin, account) -> None:
    request = asked(lin, account)
    answer = post(desk, request, "approve", comment="Fine")
    assert answer["Location"] == f"/approvals/{request.pk}/"
    assert limit_of(account) == 30000
    page = desk.get(answer["Location"]).content.decode()
    assert "and what it asked for is done" in page
    assert "Fine" in page
    assert 'value="approve"' not in page


def test_what_would_be_refused_is_not_offered_to_be_approved(desk, lin, account) -> None:
    request = asked(lin, account)
    Account.objects.filter(pk=account.pk).update(credit_limit=1)
    page = desk.get(f"/approvals/{request.pk}/").content.decode()
    assert 'value="approve" disabled aria-describedby="misfit"' in page
    assert "It cannot be approved as things stand: The limit is 1.00 by now" in page
    assert 'value="reject">' in page
    assert post(desk, request, "approve").status_code == 422


def test_a_rejection_without_a_word_comes_back_with_what_is_missing(desk, lin, account) -> None:
    request = asked(lin, account)
    answer = post(desk, request, "reject")
    assert answer.status_code == 422
    assert "Say why you reject it" in answer.content.decode()
    assert post(desk, request, "reject", comment="No").status_code == 302
    request.refresh_from_db()
    assert (request.status, request.comment) == ("rejected", "No")


def test_a_stale_page_comes_back_as_it_stands_with_what_was_typed(desk, lin, wang, account) -> None:
    request = asked(lin, account)
    services.send_back(actor=wang, request_id=request.pk, seen_version=1, comment="Less")
    services.resubmit(
        actor=lin, request_id=request.pk, seen_version=2, payload={"limit": "22000.00"},
        preview={"before": "20000.00", "after": "22000.00"}, reason="Less",
    )  # fmt: skip
    answer = post(desk, request, "approve", comment="My words")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Wang: Sent back for changes" in page
    assert "20000.00 → 22000.00" in page
    assert "My words" in page
    assert 'name="seen_version" value="3"' in page
    assert limit_of(account) == 20000


def test_a_stale_page_of_what_is_over_says_so_without_a_form(desk, lin, wang, account) -> None:
    request = asked(lin, account)
    services.approve(actor=wang, request_id=request.pk, seen_version=1)
    answer = post(desk, request, "reject", comment="No")
    assert answer.status_code == 409
    assert "Wang: Approved" in answer.content.decode()


def test_what_no_longer_fits_is_refused_on_the_page(desk, lin, account) -> None:
    request = asked(lin, account)
    Account.objects.filter(pk=account.pk).update(credit_limit=25000)
    answer = post(desk, request, "approve")
    assert answer.status_code == 422
    assert "25000.00 by now" in answer.content.decode()


def test_who_asked_finds_no_form_and_is_refused_through_a_made_one(desk, chen, account) -> None:
    request = asked(chen, account)
    page = desk.get(f"/approvals/{request.pk}/").content.decode()
    assert "You asked for this yourself" in page
    assert 'value="approve"' not in page
    answer = post(desk, request, "approve", comment="Mine")
    assert answer.status_code == 422
    assert "You asked for this yourself" in answer.content.decode()
    assert limit_of(account) == 20000


def test_who_is_beyond_her_authority_is_told_before_she_tries(desk, lin, account) -> None:
    request = asked(lin, account, kind="limited-credit-limit", amount=Decimal("1234.5"), currency="CNY")
    page = desk.get(f"/approvals/{request.pk}/").content.decode()
    assert "1,234.50 CNY is more than you may decide." in page
    assert 'value="approve"' not in page
    assert post(desk, request, "approve").status_code == 422


def test_the_author_asks_again_on_the_page_and_withdraws_there(asking, lin, chen, account) -> None:
    request = asked(lin, account)
    services.send_back(actor=chen, request_id=request.pk, seen_version=1, comment="Why so much?")
    page = asking.get(f"/approvals/{request.pk}/").content.decode()
    for words in ("Why so much?", "Ask again", "Withdraw the request", "She earns more now"):
        assert words in page
    assert 'value="approve"' not in page
    assert post(asking, request, "again", 2, reason="").status_code == 422
    assert post(asking, request, "again", 2, reason="A new job").status_code == 302
    request.refresh_from_db()
    assert (request.status, request.reason, request.payload) == ("pending", "A new job", {"limit": "30000.00"})
    assert post(asking, request, "withdraw", 3).status_code == 302
    request.refresh_from_db()
    assert request.status == "withdrawn"


def test_what_is_over_says_so_and_offers_nothing(desk, lin, account, now) -> None:
    request = asked(lin, account)
    Request.objects.filter(pk=request.pk).update(expires_at=now - timedelta(minutes=1))
    page = desk.get(f"/approvals/{request.pk}/").content.decode()
    assert "The time to decide this is over" in page
    assert 'value="approve"' not in page
    answer = post(desk, request, "approve")
    assert answer.status_code == 422
    assert "expired on" in answer.content.decode()


def test_the_far_one_is_not_found_and_without_the_right_it_is_forbidden(desk, asking, lin, chen, account) -> None:
    far = asked(UserFactory(), near("Team 2"))
    assert desk.get(f"/approvals/{far.pk}/").status_code == 404
    assert post(desk, far, "approve").status_code == 404
    request = asked(chen, account)
    assert asking.get(f"/approvals/{request.pk}/").status_code == 200
    for verb in ("approve", "reject", "send-back", "withdraw"):
        assert post(asking, request, verb, comment="x").status_code == 403, verb
    assert asking.post(f"/approvals/{request.pk}/", {"verb": "nonsense"}).status_code == 400


def test_a_request_of_an_unknown_kind_is_shown_to_nobody(desk, lin, account, monkeypatch) -> None:
    request = asked(lin, account)
    with monkeypatch.context() as patch:
        patch.setattr("approvals.kinds._registered", {})
        assert desk.get(f"/approvals/{request.pk}/").status_code == 404
        assert listed(desk, "?show=all") == []


@pytest.mark.parametrize("kind", ["credit-limit", "limited-credit-limit"])
@pytest.mark.parametrize("rounds", [1, 10])
def test_the_page_asks_as_much_for_many_as_for_few(
    desk, lin, chen, account, django_assert_max_num_queries, rounds, kind
) -> None:
    AuthorityLimit.objects.create(
        role=Role.objects.get(code="supervisor"), kind="test-amount", currency="CNY", most=9, source="x",
        effective_from=MOMENT.date(),
    )  # fmt: skip
    amount = {"amount": Decimal(5), "currency": "CNY"} if kind.startswith("limited") else {}
    request = asked(lin, account, kind=kind, **amount)
    for number in range(rounds):
        TeamFactory(name=f"T{number}")
        UserFactory(role="supervisor")
        version = 1 + 2 * number
        services.send_back(actor=chen, request_id=request.pk, seen_version=version, comment="Less")
        services.resubmit(
            actor=lin, request_id=request.pk, seen_version=version + 1, payload=request.payload,
            preview=request.preview, reason="x", amount=request.amount,
        )  # fmt: skip
    # Two of them are the savepoint of the check, a transaction of its own outside of tests.
    with django_assert_max_num_queries(17 if amount else 15):
        assert desk.get(f"/approvals/{request.pk}/").status_code == 200


@pytest.mark.parametrize("seen", ["", "x", "0", "9"])
def test_a_version_that_no_screen_showed_is_refused_in_words(seen: str, desk, lin) -> None:
    request = asked(lin, near())
    answer = desk.post(f"/approvals/{request.pk}/", {"verb": "approve", "seen_version": seen})
    assert answer.status_code == 400
    assert "No screen showed the version" in answer.content.decode()
    request.refresh_from_db()
    assert request.status == "pending"
