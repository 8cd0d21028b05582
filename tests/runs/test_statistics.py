"""Tables that were filled are known to the planner at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper

from runs.statistics import analyze_what_grew

pytestmark = pytest.mark.django_db


@pytest.fixture
def cursor() -> Iterator[CursorWrapper]:
    """With a table that nobody looked at, and all others looked at."""
    analyze_what_grew()
    with connection.cursor() as cursor:
        cursor.execute('CREATE TABLE "It\'s grown" (id int PRIMARY KEY, text text)')
        yield cursor


def fill(cursor: CursorWrapper, first: int, last: int) -> None:
    cursor.execute(
        "INSERT INTO \"It's grown\" SELECT n, repeat('x', 100) FROM generate_series(%s, %s) n", [first, last]
    )


def test_what_doubled_is_looked_at_once_and_what_is_small_never(cursor: CursorWrapper) -> None:
    name = '"It\'s grown"'
    fill(cursor, 1, 100)
    assert analyze_what_grew() == []
    fill(cursor, 101, 1_000)
    assert analyze_what_grew() == [name]
    assert analyze_what_grew() == []
    fill(cursor, 1_001, 1_900)
    assert analyze_what_grew() == []
    fill(cursor, 1_901, 2_200)
    assert analyze_what_grew() == [name]
    cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'It''s grown'")
    assert cursor.fetchone() == (2200,)


def test_a_plan_that_was_kept_is_made_anew(cursor: CursorWrapper) -> None:
    def plan() -> str:
        cursor.execute("EXPLAIN EXECUTE kept (1)")
        return "\n".join(line for (line,) in cursor.fetchall())

    cursor.execute('ANALYZE "It\'s grown"')
    cursor.execute('PREPARE kept (int) AS SELECT text FROM "It\'s grown" WHERE id = $1')
    assert "Seq Scan" in plan()
    fill(cursor, 1, 1_000)
    assert "Seq Scan" in plan()
    analyze_what_grew()
    assert "Index Scan" in plan()
    cursor.execute("DEALLOCATE kept")
