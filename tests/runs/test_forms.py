"""What every form of ours has in common."""

from __future__ import annotations

from datetime import date

import pytest
from django import forms
from django.utils.translation import override

from runs.forms import DayInput, PlainForm


class Form(forms.Form):
    day = forms.DateField(widget=DayInput(), initial=date(2026, 11, 28))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_day_is_written_as_the_browsers_field_takes_it_in_every_language(language: str) -> None:
    with override(language):
        assert 'type="date" name="day" value="2026-11-28"' in str(Form()["day"])


def test_no_field_for_a_day_is_written_in_the_readers_language() -> None:
    from accounts.admin import postings  # noqa: F401  # loads every form below
    from delinquency import urls  # noqa: F401

    def below(kind: type) -> set[type]:
        return {one for sub in kind.__subclasses__() for one in {sub, *below(sub)}}

    plain = {
        f"{form.__module__}.{form.__name__}.{name}"
        for form in below(forms.BaseForm)
        for name, field in getattr(form, "base_fields", {}).items()
        if field.widget.attrs.get("type") == "date" and not isinstance(field.widget, DayInput)
    }
    assert not plain


class Told(PlainForm):
    reason = forms.CharField(label="Reason")
    note = forms.CharField(label="Note", required=False)


@pytest.mark.parametrize("unseen", ["\u200b", " \u200b\u2060 ", "\u00ad"], ids=ascii)
def test_a_text_of_which_nothing_is_seen_is_none(unseen: str) -> None:
    form = Told({"reason": unseen, "note": unseen})
    assert not form.is_valid()
    assert form.errors.as_data()["reason"][0].code == "required"
    assert "note" not in form.errors
    seen = Told({"reason": f"{unseen}王", "note": unseen})
    assert seen.is_valid()
    assert seen.cleaned_data["note"] == ""
