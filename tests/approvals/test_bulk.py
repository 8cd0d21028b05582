"""Several with one press: each checked alone, each with its answer, whatever dies meanwhile."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from accounts.errors import Invalid
from accounts.models import Account
from approvals import services
from approvals.models import Bulk, Request
from approvals.services.bulk import run_bulk
from runs import clock
from runs.models import JobRun
from runs.said import told
from staff.models import AuthorityLimit, User
from tests.factories import MOMENT, AccountFactory, CaseFactory, TeamFactory, UserFactory
from tests.kinds import CreditLimit, asked
from tests.queues import work
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def near(team: str = "Team 1") -> Account:
    return AccountFactory(customer=CaseFactory(team=TeamFactory(name=team)).customer)


def press(actor: User, *requests: Request, verb: str = "approve", comment: str = "") -> Bulk:
    bulk = services.ask_bulk(
        actor=actor, verb=verb, comment=comment, seen={request.pk: request.version for request in requests}
    )
    return services.confirm_bulk(actor=actor, bulk_id=bulk.pk, request_ids=[request.pk for request in requests])


def answers(bulk: Bulk) -> dict[int, tuple[str, str]]:
    return {item.request_id: (item.outcome, told(item.why)) for item in bulk.items.all()}


def run(bulk: Bulk) -> dict[str, int]:
    assert bulk.run is not None
    JobRun.objects.filter(pk=bulk.run.pk).update(status="running")
    bulk.run.refresh_from_db()
    return run_bulk(bulk, bulk.run)


def look(client: Client, **fields: object):
    """What is asked before anything is decided, at an address of its own."""
    return client.post("/approvals/decide/", fields, follow=True)


def test_each_is_checked_alone_and_says_why_not(lin, chen, wang) -> None:
    good, stale, gone, moved = (asked(lin, near()) for _ in range(4))
    own = asked(chen, near())
    limited = asked(lin, near(), kind="limited-credit-limit", amount=Decimal(5), currency="CNY")
    bulk = press(chen, good, stale, gone, moved, own, limited)
    assert Request.objects.filter(status="approved").count() == 0, "a worker does it"
    services.send_back(actor=wang, request_id=stale.pk, seen_version=1, comment="Less")
    services.withdraw(actor=lin, request_id=gone.pk, seen_version=1)
    Account.objects.filter(pk=moved.subject_id).update(credit_limit=1)
    assert run(bulk) == {"done": 1, "refused": 5}
    found = answers(bulk)
    assert found[good.pk] == ("done", "")
    for request, words in (
        (stale, "changed since you opened it"),
        (gone, "changed since you opened it"),
        (moved, "1.00 by now, no longer 20000.00"),
        (own, "You asked for this yourself"),
        (limited, "5.00 CNY is more than you may decide"),
    ):
        assert found[request.pk][0] == "refused"
        assert words in found[request.pk][1]
    assert Account.objects.get(pk=good.subject_id).credit_limit == 30000
    assert bulk.run.arguments == {"bulk": bulk.pk}


def test_one_that_breaks_keeps_no_other_from_being_decided(lin, chen, monkeypatch) -> None:
    broken, good = asked(lin, near()), asked(lin, near())
    apply = CreditLimit.apply

    def break_one(self, request, *, actor) -> None:
        apply(self, request, actor=actor)
        if request.pk == broken.pk:
            raise RuntimeError("broken")

    monkeypatch.setattr(CreditLimit, "apply", break_one)
    bulk = press(chen, broken, good)
    assert run(bulk) == {"done": 1, "failed": 1}
    assert answers(bulk)[broken.pk][1].startswith("It failed, and nothing of it was done")
    broken.refresh_from_db()
    assert broken.status == "pending"
    assert Account.objects.get(pk=broken.subject_id).credit_limit == 20000


def test_killed_in_the_middle_it_goes_on_behind_what_was_decided(lin, chen, monkeypatch) -> None:
    first, second = asked(lin, near()), asked(lin, near())
    bulk = press(chen, first, second)
    with monkeypatch.context() as patch:
        apply = CreditLimit.apply

        def die(self, request, *, actor) -> None:
            if request.pk == second.pk:
                raise KeyboardInterrupt
            apply(self, request, actor=actor)

        patch.setattr(CreditLimit, "apply", die)
        with pytest.raises(KeyboardInterrupt):
            run(bulk)
    assert [answers(bulk)[one.pk][0] for one in (first, second)] == ["done", "pending"]
    assert run(bulk) == {"done": 2}
    first.refresh_from_db()
    assert first.version == 2, "decided once"


def test_who_lost_the_right_meanwhile_decides_no_further(lin, chen) -> None:
    bulk = press(chen, asked(lin, near()))
    chen.groups.clear()
    assert run(bulk) == {"refused": 1}
    assert answers(bulk)[bulk.items.get().request_id][1] == "You may not decide this one."


def test_what_makes_no_sense_is_refused_at_once(lin, chen) -> None:
    request = asked(lin, near())
    with pytest.raises(Invalid, match="Tick the requests"):
        press(chen)
    with pytest.raises(Invalid, match="the author reads it"):
        press(chen, request, verb="reject", comment=" ")
    with pytest.raises(Invalid, match="no decision"):
        press(chen, request, verb="withdraw")
    with pytest.raises(Invalid, match="201 requests are too many"):
        services.ask_bulk(actor=chen, verb="approve", comment="", seen=dict.fromkeys(range(201), 1))
    assert not Bulk.objects.exists()


def test_on_the_page_they_are_ticked_and_answered(
    lin, chen, client: Client, django_capture_on_commit_callbacks
) -> None:
    one, other = asked(lin, near()), asked(lin, near())
    client.force_login(chen)
    page = client.get("/approvals/").content.decode()
    assert f'value="{one.pk}:1"' in page
    empty = client.post("/approvals/decide/", {"verb": "approve", "next": "/approvals/?show=inbox"})
    assert empty["Location"] == "/approvals/?show=inbox"
    ticked = {"verb": "reject", "comment": "No", "request": [f"{one.pk}:1", f"{other.pk}:7"]}
    looked = client.post("/approvals/decide/", ticked | {"next": "/approvals/?page=1"})
    bulk = Bulk.objects.get()
    address = f"/approvals/decide/{bulk.pk}/"
    assert looked["Location"] == f"{address}?next=%2Fapprovals%2F%3Fpage%3D1"
    asking = client.get(looked["Location"]).content.decode()
    assert f'name="next" value="{address}?next=%2Fapprovals' in asking, "the language changes on the spot"
    answer = client.post(address, {"request": [one.pk, other.pk]})
    assert answer["Location"] == address
    waiting = client.get(answer["Location"]).content.decode()
    assert "Not decided yet" in waiting
    assert "every 1s" in waiting
    bulk.refresh_from_db()
    run(bulk)
    JobRun.objects.filter(pk=bulk.run_id).update(status="done")
    page = client.get(answer["Location"]).content.decode()
    assert "Bulk decision: Reject" in page
    assert "changed since you opened it" in page
    assert "every 1s" not in page
    stranger = Client()
    stranger.force_login(UserFactory(role="supervisor"))
    assert stranger.get(answer["Location"]).status_code == 404


def test_before_anything_is_decided_it_is_said_what_they_come_to_and_what_is_left_out(
    lin, chen, client: Client, monkeypatch
) -> None:
    monkeypatch.setattr("tests.kinds.LimitedCreditLimit.limit", "")
    money = {"currency": "CNY", "amount": Decimal("1000.50")}
    plain = [asked(lin, near(), **money) for _ in range(2)] + [asked(lin, near(), currency="USD", amount=Decimal(7))]
    bare = asked(lin, near(), kind="limited-credit-limit")
    own, changed, gone = asked(chen, near()), asked(lin, near(), **money), asked(lin, near(), **money)
    services.withdraw(actor=lin, request_id=gone.pk, seen_version=1)
    client.force_login(chen)
    every = [*plain, bare, own, changed, gone]
    seen = [f"{one.pk}:{2 if one == changed else 1}" for one in every]
    answer = look(client, verb="approve", request=seen, next="/approvals/?page=1")
    page = answer.content.decode()
    assert Bulk.objects.get().run is None
    assert not Request.objects.filter(status="approved").exists()
    assert [(one["kind"], one["currency"], one["number"], one["amount"]) for one in answer.context["sums"]] == [
        ("credit-limit", "CNY", 2, Decimal("2001.00")),
        ("credit-limit", "USD", 1, Decimal("7.00")),
        ("limited-credit-limit", "", 1, None),
    ]
    monkeypatch.setattr("tests.kinds.LimitedCreditLimit.limit", "hold-days")
    days = asked(lin, near(), kind="limited-credit-limit", amount=Decimal(21))
    AuthorityLimit.objects.create(
        role=chen.groups.get().role, kind="hold-days", most=Decimal(30), effective_from="2020-02-02"
    )
    assert "21 days" in look(client, verb="approve", request=f"{days.pk}:1").content.decode(), "no money"
    for words in (
        "Approve 4 requests?",
        "¥2,001.00",
        "3 you cannot decide: they are left out",
        "You asked for this yourself",
        "It changed since you saw it",
        "It is “Withdrawn” already.",
        'href="/approvals/?page=1"',
    ):
        assert words in page, words
    assert [f'name="request" value="{one.pk}"' in page for one in every] == [True] * 4 + [False] * 3
    alone = look(client, verb="reject", comment="No", request=f"{own.pk}:1")
    assert "None of what was ticked may be decided by you." in alone.content.decode()
    assert "Yes, reject them" not in alone.content.decode()


def test_what_was_left_out_is_not_decided_and_what_was_confirmed_is_decided_once(lin, chen, wang) -> None:
    taken, left = asked(lin, near()), asked(lin, near())
    bulk = services.ask_bulk(actor=chen, verb="approve", comment="", seen={taken.pk: 1, left.pk: 1})
    with pytest.raises(Bulk.DoesNotExist):
        services.confirm_bulk(actor=wang, bulk_id=bulk.pk, request_ids=[taken.pk])
    with pytest.raises(Invalid, match="No request was selected"):
        services.confirm_bulk(actor=chen, bulk_id=bulk.pk, request_ids=[])
    first = services.confirm_bulk(actor=chen, bulk_id=bulk.pk, request_ids=[taken.pk])
    again = services.confirm_bulk(actor=chen, bulk_id=bulk.pk, request_ids=[left.pk])
    assert first.run is not None
    assert again.run_id == first.run_id
    assert list(answers(bulk)) == [taken.pk]


def test_what_was_never_confirmed_is_forgotten_after_a_day(lin, chen) -> None:
    seen = {asked(lin, near()).pk: 1}
    old = services.ask_bulk(actor=chen, verb="approve", comment="", seen=seen)
    kept = press(chen, asked(lin, near()))
    with clock.frozen(MOMENT + timedelta(days=1, seconds=1)):
        new = services.ask_bulk(actor=chen, verb="approve", comment="", seen=seen)
    assert set(Bulk.objects.all()) == {kept, new}
    assert not Bulk.objects.filter(pk=old.pk).exists()


def test_the_reasons_are_in_the_language_of_who_reads_them(lin, chen, client: Client) -> None:
    stale = asked(lin, near())
    client.force_login(chen)
    made = client.post("/approvals/decide/", {"verb": "approve", "request": f"{stale.pk}:1"})
    services.withdraw(actor=lin, request_id=stale.pk, seen_version=1)
    client.post("/language/", {"language": "zh-hans", "next": made["Location"]})
    bulk = Bulk.objects.get()
    client.post(f"/approvals/decide/{bulk.pk}/", {"request": stale.pk})
    bulk.refresh_from_db()
    run(bulk)
    with translation.override("zh-hans"):
        assert "已撤回" in answers(bulk)[stale.pk][1]
        assert "changed" not in answers(bulk)[stale.pk][1]
    # Whatever was spoken as it was decided.
    with translation.override("en"):
        assert "The request changed since you opened it" in answers(bulk)[stale.pk][1]
        assert "Withdrawn" in answers(bulk)[stale.pk][1]


def test_who_stands_in_for_nobody_is_told_what_is_beyond_the_authority(lin, chen, client: Client) -> None:
    limited = asked(lin, near(), kind="limited-credit-limit", amount=Decimal(5), currency="CNY")
    client.force_login(chen)
    page = look(client, verb="approve", request=f"{limited.pk}:1").content.decode()
    assert "5.00 CNY is more than you may decide" in page


def test_a_confirmation_asks_as_much_for_many_as_for_few(
    lin, chen, client: Client, django_assert_max_num_queries
) -> None:
    client.force_login(chen)
    ticked = [f"{asked(lin, near()).pk}:1" for _ in range(12)]
    made = client.post("/approvals/decide/", {"verb": "approve", "request": ticked})
    with django_assert_max_num_queries(16):
        client.get(made["Location"])


def test_one_out_of_scope_and_who_decides_nothing_are_sent_away(lin, chen, client: Client) -> None:
    far = asked(UserFactory(), near("Team 2"))
    client.force_login(chen)
    assert client.post("/approvals/decide/", {"verb": "approve", "request": f"{far.pk}:1"}).status_code == 404
    assert client.post("/approvals/decide/", {"verb": "approve", "request": "x:1"}).status_code == 404
    client.force_login(lin)
    assert client.post("/approvals/decide/", {"verb": "approve", "request": f"{far.pk}:1"}).status_code == 403
    assert not Bulk.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_worker_does_it(valkey) -> None:
    lin, chen = UserFactory(), UserFactory(role="supervisor")
    with clock.frozen(MOMENT):
        bulk = press(chen, asked(lin, near()), asked(lin, near()))
        work()
    bulk.run.refresh_from_db()
    assert (bulk.run.status, bulk.run.result) == ("done", {"done": 2})
    assert (bulk.run.done, bulk.run.total) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_two_bulk_decisions_at_once_decide_each_request_once() -> None:
    lin, deciders = UserFactory(), [UserFactory(role="supervisor") for _ in range(3)]
    with clock.frozen(MOMENT):
        requests = [asked(lin, near()) for _ in range(6)]
        bulks = [
            press(by, *order) for by, order in zip(deciders, (requests, requests[::-1], requests[3:]), strict=True)
        ]
        at_once([lambda bulk=bulk: run(bulk) for bulk in bulks])
    outcomes = [item.outcome for bulk in bulks for item in bulk.items.all()]
    assert outcomes.count("done") == 6
    assert outcomes.count("refused") == 9
    assert {request.version for request in Request.objects.all()} == {2}
