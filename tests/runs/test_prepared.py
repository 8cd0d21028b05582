"""Statements that are written and planned once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case
from runs import clock
from runs.prepared import THE_MOMENT, first_of, prepared_cursor, rows_of, statement_of
from tests.factories import CaseFactory


@pytest.mark.django_db
def test_a_kept_statement_answers_for_the_moment_at_which_it_is_asked() -> None:
    case = CaseFactory(follow_up_note="50 % of “it”, %s")
    kept = statement_of(Case.objects.filter(opened_at__lte=THE_MOMENT, follow_up_note="50 % of “it”, %s"))
    assert first_of(Case, kept, case.opened_at) == case
    assert first_of(Case, kept, case.opened_at - timedelta(seconds=1)) is None


@pytest.mark.django_db
def test_one_plan_serves_whoever_asks_the_same() -> None:
    cases = [CaseFactory() for _ in range(3)]
    kept = [statement_of(Case.objects.filter(customer=case.customer_id, status="open")) for case in cases]
    assert len({text for text, _values in kept}) == 1
    assert [first_of(Case, one, clock.now()) for one in kept] == cases


@pytest.mark.django_db
def test_what_it_gives_is_the_whole_row_without_annotations() -> None:
    case = CaseFactory()
    found = first_of(Case, statement_of(Case.objects.filter(pk=case.pk)), clock.now())
    assert found is not None
    assert {field.attname: getattr(found, field.attname) for field in Case._meta.concrete_fields} == {
        field.attname: getattr(case, field.attname) for field in Case._meta.concrete_fields
    }
    found.follow_up_note = "changed"
    found.save(update_fields=["follow_up_note"])
    case.refresh_from_db()
    assert case.follow_up_note == "changed"


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
    assert first_of(Case, statement_of(Case.objects.filter(pk__in=[])), clock.now()) is None


@pytest.mark.django_db
def test_a_kept_statement_is_asked_with_what_is_given_for_its_stand_ins() -> None:
    first, second = CaseFactory(follow_up_note="50 % of “it”, %s"), CaseFactory()
    kept = statement_of(Case.objects.filter(customer=-1, opened_at__lte=THE_MOMENT).values_list("pk", "follow_up_note"))
    assert rows_of(kept, {-1: first.customer_id, THE_MOMENT: clock.now()}) == [(first.pk, "50 % of “it”, %s")]
    assert rows_of(kept, {-1: second.customer_id, THE_MOMENT: clock.now()}) == [(second.pk, "")]
    assert rows_of(kept, {-1: second.customer_id, THE_MOMENT: second.opened_at - timedelta(1)}) == []
