"""Of every list that is filtered: a value that makes no sense is named above the list, which it does not narrow."""

from __future__ import annotations

from html import unescape
from typing import Any

import django_filters
import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

# Every list with filters, and who reads it.
LISTS = {
    "approvals": "supervisor",
    "complaints": "supervisor",
    "disputes": "supervisor",
    "events": "auditor",
    "freezes": "supervisor",
    "messages": "supervisor",
    "my-work": "collector",
    "payment-days": "data-entry",
    "payment-files": "data-entry",
    "plans": "supervisor",
    "promises": "supervisor",
    "proposals": "supervisor",
    "refusals": "supervisor",
    "treatments": "supervisor",
    "unmatched": "data-entry",
    "waivers": "supervisor",
    "worklist": "supervisor",
}


def senseless(form: forms.BaseForm) -> dict[str, str]:
    """By the label of each field that can be wrong, what is no value of it: enough for one of every class."""
    words = {forms.ChoiceField: "nonsense", forms.DateField: "31.12.2026", forms.DecimalField: "much"}
    return {
        name: next(word for kind, word in words.items() if isinstance(field, kind))
        for name, field in form.fields.items()
        if isinstance(field, tuple(words))
    }


def form_of(answer: Any) -> forms.BaseForm:
    found = answer.context["filter"]
    form: forms.BaseForm = found["form"] if isinstance(found, dict) else found.form
    return form


@pytest.mark.parametrize(("name", "role"), LISTS.items())
def test_what_makes_no_sense_is_named_above_the_list(client: Client, name: str, role: str) -> None:
    client.force_login(UserFactory(role=role))
    address = reverse(name)
    asked = senseless(form_of(client.get(address)))
    assert asked
    for part in ({}, {"HTTP_HX_REQUEST": "true"}):
        answer = client.get(address, asked, **part)
        assert answer.status_code == 200
        errors = form_of(answer).errors
        assert set(errors) == set(asked)
        page = unescape(answer.content.decode())
        for field in asked:
            for said in errors[field]:
                assert page.count(f"{said} It filters nothing.") == 1, (field, said)


@pytest.mark.parametrize(("name", "role"), LISTS.items())
def test_a_filter_that_there_is_not_is_named_above_the_list(client: Client, name: str, role: str) -> None:
    client.force_login(UserFactory(role=role))
    address = reverse(name)
    page = client.get(address)
    known = dict.fromkeys(form_of(page).fields, "") | {"page": "1"}
    assert "There is no filter" not in page.content.decode()
    assert "There is no filter" not in client.get(address, known).content.decode()
    said = client.get(address, known | {"colour": "red", "<b>": "1"}).content.decode()
    assert said.count("There is no filter “colour”. It filters nothing.") == 1
    assert said.count("There is no filter “&lt;b&gt;”.") == 1


def test_no_list_is_left_out(client: Client) -> None:
    seen = set()
    for name, role in LISTS.items():
        client.force_login(UserFactory(role=role))
        seen.add(type(client.get(reverse(name)).context["filter"]))
    made = [
        one for one in django_filters.FilterSet.__subclasses__() if not one.__module__.startswith(("django_", "tests"))
    ]
    assert made
    assert set(made) <= seen
