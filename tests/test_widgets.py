"""Fields drawn in Python are those that Django's templates draw."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.utils import translation
from django.utils.safestring import mark_safe

from delinquency.widgets import WidgetRenderer

ODD = "\"><script>&amp;'{{ x }}"
CHOICES = [
    ("", "–"),
    (1234, 56789),
    (ODD, ODD),
    (True, mark_safe("<b>bold</b>")),  # a test's own
    (ODD, [("a", Decimal("1234.5")), ("b", "B")]),
]
WIDGETS = [
    (forms.TextInput(attrs={"class": ODD, "required": True, "disabled": False, "size": 3}), [None, "", ODD, 1234, 0]),
    (forms.NumberInput(attrs={"min": Decimal("0.01")}), [None, Decimal("1234.50"), "x"]),
    (forms.DateInput(), [None, "2026-02-30"]),
    (forms.TimeInput(), [None, "25:00"]),
    (forms.EmailInput(), [None, "a@b"]),
    (forms.HiddenInput(), [None, ODD]),
    (forms.CheckboxInput(), [True, False, None]),
    (forms.Textarea(attrs={"rows": 2}), [None, "", ODD, "two\nlines", "0"]),
    (forms.Select(choices=CHOICES), [None, "1234", ODD, "b"]),
    (forms.SelectMultiple(choices=CHOICES), [None, ["1234", "b"]]),
    (forms.NullBooleanSelect(), [None, True]),
    (forms.DateInput(attrs={"type": "date"}), ["2026-01-01"]),
    (forms.RadioSelect(choices=CHOICES), ["b"]),
    (forms.FileInput(), [None]),
]


def closed_up(text: str) -> str:
    """Without the line breaks between the options of a list."""
    return re.sub(r"\n\s*(?=</?(option|optgroup|select))", "", text)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("widget", "values"), WIDGETS, ids=lambda one: type(one).__name__)
def test_a_field_is_djangos_own(widget: forms.Widget, values: list[object], language: str) -> None:
    with translation.override(language):
        for value in values:
            ours = widget.render("na<me", value, renderer=WidgetRenderer())
            assert ours == closed_up(widget.render("na<me", value, renderer=DjangoTemplates()))
            assert "<script>" not in ours


def test_the_pages_use_it() -> None:
    assert isinstance(get_default_renderer(), WidgetRenderer)
