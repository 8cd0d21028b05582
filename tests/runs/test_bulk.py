"""Many rows at once."""

from __future__ import annotations

import pytest
from django.utils.safestring import mark_safe

from cases.models import Note
from runs import clock
from runs.bulk import copy_text, reserve_keys
from tests.factories import CaseFactory

pytestmark = pytest.mark.django_db
ODD = 'tab\there, line\nend, \\N and "\\."'


def test_texts_of_any_kind_are_written_letter_for_letter() -> None:
    case, now = CaseFactory(), clock.now()
    keys = reserve_keys(Note, 3)
    rows = [(keys[0], ODD, None), (keys[1], mark_safe(ODD), None), (keys[2], "\\N", None)]  # a kind of str
    same = {"case_id": case.pk, "at": now, "author_name": mark_safe(ODD)}
    assert copy_text(Note, ["id", "text", "author_id"], rows, same=same) == 3
    written = Note.objects.order_by("pk").values_list("pk", "text", "author_id", "case_id", "at", "author_name")
    assert list(written) == [
        (keys[0], ODD, None, case.pk, now, ODD),
        (keys[1], ODD, None, case.pk, now, ODD),
        (keys[2], "\\N", None, case.pk, now, ODD),
    ]


def test_no_rows_are_none() -> None:
    assert copy_text(Note, ["id", "text"], [], same={"author_name": "somebody"}) == 0


def test_keys_are_fresh_and_in_order() -> None:
    first, second = reserve_keys(Note, 5), reserve_keys(Note, 2)
    assert first == sorted(set(first))
    assert min(second) > max(first)
