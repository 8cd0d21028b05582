"""Where the rules come from is said in the reader's language."""

from __future__ import annotations

import pytest
from django.utils import translation

from compliance.models import ContactRule
from compliance.sources import source_in_words

pytestmark = pytest.mark.django_db


def test_the_source_of_every_installed_rule_is_translated() -> None:
    sources = set(ContactRule.objects.values_list("source", flat=True))
    assert len(sources) > 15
    with translation.override("zh-hans"):
        assert [one for one in sources if source_in_words(one) == one] == []
    with translation.override("en"):
        assert all(source_in_words(one) == one for one in sources)


@pytest.mark.parametrize("own", ["", "Board decision 12/2026", "Yes"])
def test_a_lenders_own_is_said_as_it_was_written(own: str) -> None:
    with translation.override("zh-hans"):
        assert source_in_words(own) == own
