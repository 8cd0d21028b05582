"""The one search box: what it finds, whose, how often, and what of it is kept."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.db.models.lookups import IStartsWith
from django.test import Client

from accounts import vault
from accounts.models import Account, Customer
from accounts.models.customers import last_word
from audit.models import Event
from cases.models import Case, WorkTerms
from cases.selectors.search import ID_NUMBER, PHONE, plain, recognise
from runs import clock
from tests.factories import (
    DAY,
    AccountFactory,
    BusinessDayFactory,
    CaseFactory,
    ContactPointFactory,
    CustomerFactory,
    StandingFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
ID = "110101199003072046"


def found(client: Client, words: str) -> list[tuple[str, str]]:
    context = client.post("/search/", {"words": words}).context
    return [(one.case.ref, str(one.why)) for one in context.get("found", [])]


def person(**fields: object) -> object:
    return CustomerFactory(id_number_index=vault.blind_index("id-number", ID), **fields)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (ID, ID_NUMBER),
        ("110101 19900307 2046", ID_NUMBER),
        ("11010119900307204x", ID_NUMBER),
        ("110101900307204", ID_NUMBER),
        ("13800002046", PHONE),
        ("１３８ ００００ ２０４６", PHONE),
        ("+86 138 0000 2046", PHONE),
        ("8613800002046", PHONE),
        ("010-6552 0000", PHONE),
        ("+1 (202) 555-0100", PHONE),
        ("K2026-000001", None),
        ("20260001", None),
        ("王小明", None),
        ("Anna", None),
        ("1380000204", None),
        ("", None),
    ],
)
def test_words_are_recognised_by_their_form(words: str, kind: str | None) -> None:
    exact = recognise(words)
    assert (exact.kind if exact else None) == kind


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("王小", "name"),
        ("王小明", "name"),
        ("K-77", "case reference"),
        ("CUS-7", "customer reference"),
        ("ACC-7", "account reference"),
        (ID, "identity number"),
        ("13800002046", "telephone number"),
        ("１３８　００００ ２０４６", "telephone number"),
        ("ＡＣＣ－７", "account reference"),
        ("+86 138 0000 2046", "telephone number"),
        ("010-65520000", "telephone number"),
    ],
)
def test_a_case_is_found_by_what_a_caller_says(collector: Client, words: str, why: str) -> None:
    case = CaseFactory(ref="K-77", customer=person(name="王小明", ref="CUS-7"))
    AccountFactory(customer=case.customer, ref="ACC-7")
    ContactPointFactory(customer=case.customer, kind="mobile", clear="+8613800002046")
    ContactPointFactory(customer=case.customer, kind="phone", clear="010-6552 0000")
    CaseFactory(customer=CustomerFactory(name="李明"))
    assert found(collector, words) == [("K-77", why)]


@pytest.mark.parametrize("words", ["明", "小明", "K77", "13800002047", "110101199003072047", "nobody"])
def test_what_does_not_match_from_its_beginning_is_not_found(collector: Client, words: str) -> None:
    case = CaseFactory(ref="K-77", customer=person(name="王小明"))
    ContactPointFactory(customer=case.customer, kind="mobile", clear="13800002046")
    assert found(collector, words) == []


@pytest.mark.parametrize(
    "words",
    ["anna", "ANNA LEE", "Anna Maria", "smith", "SMI", "ｓｍｉｔｈ", "o", "émile", "ÉMILE ZOLA", "zola", "smith-j"],
)
def test_a_name_is_found_in_any_case_by_its_beginning_and_by_its_last_words(collector: Client, words: str) -> None:
    named = {
        "Anna Lee": "anna, anna lee",
        "Anna Maria Smith": "anna, anna maria, smith, smi",
        "John SMITH-JONES": "smith, smi, smith-j",
        "O": "o",
        "Émile Zola": "émile, émile zola, zola",
    }
    for ref, name in enumerate(named):
        CaseFactory(ref=f"K-{ref}", customer=CustomerFactory(name=name))
    asked = plain(words).lower()
    expected = {f"K-{ref}" for ref, by in enumerate(named.values()) if asked in by.split(", ")}
    assert expected
    assert dict(found(collector, words)) == dict.fromkeys(expected, "name")


@pytest.mark.parametrize("words", ["maria", "nna", "a", "mith", "S_ITH", "%"])
def test_no_name_is_found_by_what_stands_within_it(collector: Client, words: str) -> None:
    CaseFactory(customer=CustomerFactory(name="Anna Maria Smith"))
    assert found(collector, words) == []


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        (Q(name__istartswith="anna"), "customer_by_name_any_case"),
        (Q(name__istartswith="陈"), "customer_by_name_any_case"),
        (Q(name__iexact="o"), "customer_by_name_any_case"),
        (IStartsWith(last_word("name"), "smi"), "customer_by_last_word"),
    ],
)
def test_names_are_looked_for_by_their_indexes(condition: Q | IStartsWith, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = Customer.objects.filter(condition).order_by().explain()
    assert f"using {index}" in plan
    assert "Index Cond" in plan


def test_people_of_one_name_are_told_apart_by_their_accounts_and_by_how_late_they_are(collector: Client) -> None:
    for days, refs in ((10, ["A-1"]), (40, ["A-2", "A-3", "A-4"]), (0, [])):
        case = CaseFactory(customer=CustomerFactory(name="陈明"), clock_from_on=DAY - timedelta(days=days))
        for ref in refs:
            AccountFactory(customer=case.customer, ref=ref)
        if not days:
            Case.objects.filter(pk=case.pk).update(status="cured", closed_on=DAY)
    StandingFactory(account=Account.objects.get(ref="A-4"))
    page = collector.post("/search/", {"words": "陈"})
    shown = [(one.case.days_past_due, list(one.accounts), one.more) for one in page.context["found"]]
    assert shown == [(40, ["A-4", "A-2"], 1), (10, ["A-1"], 0), (0, [], 0)], "the late account comes first"
    assert "陈明" not in page.content.decode().split('id="found"')[1]


def test_open_cases_come_before_cured_ones(collector: Client) -> None:
    customer = person(name="王小明")
    CaseFactory(ref="old", customer=customer, status="cured", closed_on=DAY)
    CaseFactory(ref="open", customer=customer)
    CaseFactory(ref="older", customer=customer, status="cured", closed_on=DAY)
    assert [ref for ref, _ in found(collector, "王小明")] == ["open", "older", "old"]


@pytest.mark.parametrize("words", [ID, "13800002046", "王小明", "K-77", "CUS-7", "ACC-7"])
@pytest.mark.parametrize("htmx", [False, True])
def test_another_teams_case_is_found_by_nothing(collector: Client, words: str, htmx: bool) -> None:
    case = CaseFactory(ref="K-77", customer=person(name="王小明", ref="CUS-7"), team=TeamFactory(name="Team 2"))
    AccountFactory(customer=case.customer, ref="ACC-7")
    ContactPointFactory(customer=case.customer, kind="mobile", clear="13800002046")
    page = collector.post("/search/", {"words": words}, headers={"HX-Request": "true"} if htmx else {})
    assert page.context["found"] == []
    assert "/cases/" not in page.content.decode().split('id="found"')[1]


def test_an_exact_search_is_recorded_without_the_number(collector: Client) -> None:
    CaseFactory(customer=person())
    collector.post("/search/", {"words": ID})
    collector.post("/search/", {"words": "13800002046"})
    collector.post("/search/", {"words": "王小明"})
    events = Event.objects.filter(verb="search.exact").order_by("id")
    assert [event.after for event in events] == [{"kind": "id-number", "found": 1}, {"kind": "phone", "found": 0}]
    kept = json.dumps([[event.after, event.subject_ref, event.reason] for event in events])
    assert ID not in kept
    assert "13800002046" not in kept


def test_searches_by_number_are_limited_and_names_are_not(collector: Client) -> None:
    WorkTerms.objects.create(
        promise_grace_days=1,
        promise_most_instalments=6,
        broken_promise_factor=1.5,
        broken_promise_days=30,
        exact_searches=2,
        exact_search_minutes=10,
        effective_from=DAY,
        source="test",
    )
    CaseFactory(ref="K-77", customer=person(name="王小明"))
    start = clock.now()
    with clock.frozen(start):
        assert [collector.post("/search/", {"words": ID}).status_code for _ in range(3)] == [200, 200, 429]
        refused = collector.post("/search/", {"words": ID})
        assert "2 times within 10 minutes" in refused.content.decode()
        assert "K-77" not in refused.content.decode()
        assert found(collector, "王小明")
    with clock.frozen(start + timedelta(minutes=11)):
        assert collector.post("/search/", {"words": ID}).status_code == 200


def test_the_limit_is_each_persons_own(collector: Client, client: Client) -> None:
    WorkTerms.objects.update(exact_searches=1)
    assert collector.post("/search/", {"words": ID}).status_code == 200
    assert collector.post("/search/", {"words": ID}).status_code == 429
    client.force_login(UserFactory())
    assert client.post("/search/", {"words": ID}).status_code == 200


def test_who_may_not_search_by_number_is_told_so(client: Client) -> None:
    BusinessDayFactory()
    client.force_login(UserFactory(role="auditor"))
    CaseFactory(customer=person())
    answer = client.post("/search/", {"words": ID})
    assert answer.status_code == 403
    assert "not among your permissions" in answer.content.decode()
    assert not Event.objects.filter(verb="search.exact").exists()


def test_what_is_searched_for_never_stands_in_an_address(collector: Client) -> None:
    CaseFactory(ref="K-77", customer=person(name="王小明"))
    page = collector.get("/search/?words=王小明").content.decode()
    assert "K-77" not in page
    assert "What can be searched" in page
    assert 'method="post" action="/search/"' in collector.get("/").content.decode()


def test_htmx_gets_the_results_alone(collector: Client) -> None:
    part = collector.post("/search/", {"words": "K-1"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "Nothing found" in part


@pytest.mark.parametrize("rows", [2, 20])
def test_a_search_costs_the_same_however_much_it_finds(
    collector: Client, django_assert_max_num_queries, rows: int
) -> None:
    for number in range(rows):
        case = CaseFactory(ref=f"010{number:08d}", customer=CustomerFactory(name="王小明"), assignee=UserFactory())
        AccountFactory(customer=case.customer)
        ContactPointFactory(customer=case.customer, kind="phone", clear="01000000001")
    for words in ("王小明", "01000000001"):
        # The savepoint that stands for the transaction in a test is two more.
        with django_assert_max_num_queries(17 if words.isdigit() else 15):
            assert collector.post("/search/", {"words": words}).context["found"]
