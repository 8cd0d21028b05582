"""Icons drawn once are those that the package draws."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe
from lucide import IconDoesNotExist


def drawn(library: str, title: str) -> str:
    text = "{% load " + library + ' %}{% lucide "x" size=16 aria_hidden="true" data_title=title %}'
    return Template(text).render(Context({"title": title}))


@pytest.mark.parametrize("title", ['"><script>', mark_safe("plain"), "plain"])  # a test's own
def test_an_icon_is_the_packages_own(title: str) -> None:
    assert drawn("icons", title) == drawn("lucide", title) == drawn("icons", title)
    assert "<script>" not in drawn("icons", title)


def test_an_icon_that_there_is_not_is_an_error() -> None:
    with pytest.raises(IconDoesNotExist):
        Template('{% load icons %}{% lucide "nothing-like-it" %}').render(Context())
