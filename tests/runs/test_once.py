"""Forms that were done: what is kept of them goes again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runs import clock, jobs, once
from runs.models import SentForm
from tests.factories import MOMENT


@pytest.mark.django_db
def test_forms_that_nobody_has_open_any_more_are_forgotten() -> None:
    with clock.frozen(MOMENT):
        SentForm.objects.create(mark=b"old", at=MOMENT - once.KEPT - timedelta(seconds=1))
        kept = SentForm.objects.create(mark=b"new", at=MOMENT - once.KEPT)
        assert jobs.forget_forms() == 1
    assert list(SentForm.objects.all()) == [kept]
