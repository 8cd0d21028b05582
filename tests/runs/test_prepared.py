"""Statements that are written and planned once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from runs import clock
from runs.prepared import THE_KEYS, THE_MOMENT, instance_of, part_of, prepared_cursor, rows_of, statement_of
from tests.factories import CaseFactory


@pytest.mark.django_db
def test_a_kept_statement_answers_for_the_moment_at_which_it_is_asked() -> None:
    case = CaseFactory(follow_up_note="50 % of “it”, %s")
    kept = statement_of(
        Case.objects.filter(opened_at__lte=THE_MOMENT, follow_up_note="50 % of “it”, %s").values_list("pk")
    )
    assert rows_of(kept, {THE_MOMENT: case.opened_at}) == [(case.pk,)]
    assert rows_of(kept, {THE_MOMENT: case.opened_at - timedelta(seconds=1)}) == []


@pytest.mark.django_db
def test_one_plan_serves_whoever_asks_the_same() -> None:
    cases = [CaseFactory() for _ in range(3)]
    kept = [
        statement_of(Case.objects.filter(customer=case.customer_id, status="open").values_list("pk")) for case in cases
    ]
    assert len({text for text, _values in kept}) == 1
    assert [rows_of(one, {}) for one in kept] == [[(case.pk,)] for case in cases]


@pytest.mark.django_db
def test_an_instance_knows_what_its_row_holds_and_reads_the_rest_when_asked() -> None:
    case = CaseFactory(follow_up_note="tomorrow")
    ((*row,),) = rows_of(statement_of(Case.objects.filter(pk=case.pk).values_list("pk", "ref")), {})
    with CaptureQueriesContext(connection) as captured:
        found = instance_of(Case, row, ["id", "ref"])
        assert (found, found.ref) == (case, case.ref)
    assert len(captured) == 0
    assert found.follow_up_note == "tomorrow"
    found.follow_up_note = "changed"
    found.save(update_fields=["follow_up_note"])
    case.refresh_from_db()
    assert case.follow_up_note == "changed"


@pytest.mark.django_db
def test_a_stand_in_is_one_parameter_in_all_parts_of_a_statement_and_each_key_its_own() -> None:
    cases = [CaseFactory(), CaseFactory()]
    texts, values = [], {}
    for name, case in zip(("one", "other"), cases, strict=True):
        asked = Case.objects.filter(opened_at__lte=THE_MOMENT, customer=case.customer_id).extra(
            where=["cases_case.id <> ALL(%s)"], params=[THE_KEYS]
        )
        text, its = part_of(statement_of(asked.values_list("pk")), name)
        texts.append(f"({text})")
        values |= its
    assert set(values) == {"the_moment", "the_keys", "one_0", "other_0"}
    with prepared_cursor() as cursor:
        given = {THE_MOMENT: clock.now(), THE_KEYS: [cases[0].pk]}
        cursor.execute(f"SELECT {', '.join(texts)}", {name: given.get(value, value) for name, value in values.items()})
        assert cursor.fetchone() == (None, cases[1].pk)


@pytest.mark.django_db
def test_a_prepared_statement_is_planned_once_and_counted_as_any_other() -> None:
    with CaptureQueriesContext(connection) as captured:
        for number in (1, 2, 3):
            with prepared_cursor() as cursor:
                cursor.execute("SELECT %(n)s::int + 1 AS kept_for_this_test", {"n": number})
                assert cursor.fetchone() == (number + 1,)
    assert [query["sql"] for query in captured] == ["SELECT %(n)s::int + 1 AS kept_for_this_test"] * 3
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%%kept_for_this_test'"
        )
        assert cursor.fetchall() == [(3, 0)]


@pytest.mark.django_db
def test_a_statement_that_cannot_have_rows_gives_none() -> None:
    assert rows_of(statement_of(Case.objects.filter(pk__in=[])), {}) == []


@pytest.mark.django_db
def test_a_kept_statement_is_asked_with_what_is_given_for_its_stand_ins() -> None:
    first, second = CaseFactory(follow_up_note="50 % of “it”, %s"), CaseFactory()
    kept = statement_of(Case.objects.filter(customer=-1, opened_at__lte=THE_MOMENT).values_list("pk", "follow_up_note"))
    assert rows_of(kept, {-1: first.customer_id, THE_MOMENT: clock.now()}) == [(first.pk, "50 % of “it”, %s")]
    assert rows_of(kept, {-1: second.customer_id, THE_MOMENT: clock.now()}) == [(second.pk, "")]
    assert rows_of(kept, {-1: second.customer_id, THE_MOMENT: second.opened_at - timedelta(1)}) == []
