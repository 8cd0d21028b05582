"""The first import into a database that was just made, and its first close: plans made for an empty book are made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.importing import from_folder, run_import
from audit.services import SystemActor
from cases.models import Case
from cases.services.taking import take_next
from delinquency import close_of_day
from delinquency.close_of_day import close_day
from runs import clock
from tests.factories import PortfolioFactory, UserFactory
from tests.importing.books import Folder

# It commits, in a database of its own.
pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = SystemActor("test")
CUSTOMERS = 1_000
NOON = datetime(2026, 2, 2, 4, tzinfo=UTC)
STEPS = [step for step in close_of_day.STEPS if step[0] in ("age", "cases")]


@pytest.fixture
def fresh(migrated_template: str) -> Iterator[None]:
    """A database of its own, as the migrations left it: nothing was ever in it."""
    mine, name = connection.settings_dict["NAME"], f"{connection.settings_dict['NAME']}_fresh"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = mine
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def elsewhere(fresh: None) -> Iterator[BaseDatabaseWrapper]:
    """A session of another process."""
    other = connection.copy()
    yield other
    other.close()


def keep_plan(elsewhere: BaseDatabaseWrapper) -> Callable[[], str]:
    """Have another session prepare what this one prepared for taking the next case; tells the plan that is kept there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, cardinality(parameter_types) FROM pg_prepared_statements"
            " WHERE statement LIKE '%%cases_case%%' AND statement LIKE '%%SKIP LOCKED%%'"
            # The one that answered: an offer on the ground of a test before this one is made anew.
            " ORDER BY prepare_time DESC LIMIT 1"
        )
        ((statement, parameters),) = cursor.fetchall()

    def told() -> str:
        with elsewhere.cursor() as cursor:
            cursor.execute(f"EXPLAIN EXECUTE kept ({', '.join(['NULL'] * parameters)})")
            return "\n".join(line for (line,) in cursor.fetchall())

    with elsewhere.cursor() as cursor:
        cursor.execute(f"PREPARE kept AS {statement}")
    return told


def test_the_plan_of_taking_the_next_case_uses_its_index_after_it(
    elsewhere: BaseDatabaseWrapper, folder: Folder
) -> None:
    user = UserFactory(role="supervisor")
    with connection.cursor() as cursor:
        # As it is known to be once anybody looked at it: what is small is best read whole.
        cursor.execute("ANALYZE cases_case")
    PortfolioFactory()
    assert take_next(actor=user) is None
    kept_plan = keep_plan(elsewhere)
    assert "Seq Scan on cases_case" in kept_plan()
    folder.files = {kind: [rows[0]] for kind, rows in folder.files.items()}
    for number in range(CUSTOMERS):
        folder.add("customers", f"C{number}", f"Name {number}", "", "", "", "")
        folder.add("accounts", f"A{number}", f"C{number}", "plain", "CNY", "", "", "")
        folder.add("bills", f"B{number}", f"A{number}", "2026-01-05", "2026-01-25", "100.00", "", "", "100.00")
    folder.write()
    with clock.frozen(NOON):
        run_import(from_folder(folder.path), actor=ACTOR)
        close_day(actor=ACTOR, day=NOON.date(), steps=STEPS)
    assert Case.objects.count() == CUSTOMERS
    assert "Index Scan using case_to_take on cases_case" in (plan := kept_plan())
    assert "Seq Scan on cases_case" not in plan
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples FROM pg_class WHERE relname IN ('cases_case', 'accounts_account', 'audit_event')"
        )
        assert all(known >= CUSTOMERS for (known,) in cursor.fetchall())
