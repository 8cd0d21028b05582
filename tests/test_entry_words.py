"""The pages of data entry are in the reader's language: what Django's catalogue leaves in English, ours translates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from delinquency.words import djangos
from freezing.models import CoreCommand
from reminders.models import ChannelPrice
from tests.access import TABLE
from tests.accounts.test_admin_pages import one_of_each
from tests.clients import signed_in
from tests.factories import DAY, UserFactory
from tests.world import World

LATIN = re.compile(r"[A-Za-z]{2,}")
# What is in Latin letters in Chinese too, or is Django's own and in no catalogue.
LEFT = {
    "EN": "the way to English",
    "English": "the way to English",
    "ID": "what Chinese calls it too",
    "SHA": "a method's name",
    "LDAP": "a protocol's name",
    "CSV": "a format's name",
    "zip": "a format's name",
    "True": "Django says what its icon of a tick shows, without asking a catalogue",
    "False": "the same of its cross",
    "None": "the same of its question mark",
    "repay": "an example of a word that letters are searched for",
}


class Said(HTMLParser):
    """What a page says: its text, and the attributes that are read out or shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self._within = tag
        shown = [values.get(name) for name in ("alt", "aria-label", "placeholder", "title")]
        if tag == "input" and values.get("type") in ("button", "reset", "submit"):
            shown.append(values.get("value"))
        self.texts += [text for text in shown if text]

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within not in ("code", "script", "style"):
            self.texts.append(data.strip())


def rows_of_all(world: World) -> None:
    """A row of each model that has pages."""
    one_of_each()
    CoreCommand.objects.create(
        account=world.things["account"][0],
        verb="freeze",
        reason="R",
        asked_by_name="Lin",
        asked_at=timezone.now(),
        due_at=timezone.now(),
    )
    ChannelPrice.objects.create(channel="sms", effective_from=DAY, currency="CNY", each="0.05", source="Contract")


def pages(world: World) -> Iterator[str]:
    """The index, that of each app, and each model's list and the pages of its first row."""
    for name, row in TABLE.items():
        if name.startswith("admin:") and name not in ("admin:logout", "admin:autocomplete", "admin:view_on_site"):
            yield reverse(name, kwargs=row.near(world) if row.near else None)
    yield from (
        reverse("admin:app_list", args=[app]) for app in sorted({one._meta.app_label for one in admin.site._registry})
    )
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield from (reverse(f"{name}_changelist"), reverse(f"{name}_add"))
        row = model.objects.first()
        assert row, f"Make a row of {model._meta.label} in rows_of_all, for its pages to be looked at."
        yield from (reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history", "delete"))


def words_of_data() -> set[str]:
    """The words in Latin letters of everything that is stored; not the frameworks' own names of models and rights."""
    models = [
        model for model in apps.get_models() if model._meta.app_label not in ("auth", "contenttypes", "django_rq")
    ]
    stored = "\n".join(str(value) for model in models for row in model.objects.values_list() for value in row)
    return {*LATIN.findall(stored)}


def english_on(page: str, data: set[str]) -> list[str]:
    """The texts with a word in Latin letters that is neither stored nor an exception. What is masked is data."""
    return [text for text in Said(page).texts if "***" not in text and {*LATIN.findall(text)} - data - {*LEFT}]


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.usefixtures("kinds")
def test_no_page_of_data_entry_says_anything_in_english_to_who_reads_chinese(client: Client) -> None:
    user = UserFactory(role="administrator", is_superuser=True)
    client = signed_in(user)
    world = World.around(user, client.session.session_key)
    rows_of_all(world)
    data, looked_at, found = words_of_data(), 0, {}
    for address in pages(world):
        answer = client.get(address, headers={"accept-language": "zh-hans", "X-Unattended": "1"})
        assert answer.status_code in (200, 302, 403), f"{address}: {answer.status_code}"
        page = answer.content.decode()
        if answer.status_code == 200:
            assert 'lang="zh-hans"' in page
            looked_at += 1
            found.update(dict.fromkeys(english_on(page, data), address))
    assert looked_at > 200
    assert not found, "\n".join(f"{address}: {text}" for text, address in sorted(found.items()))


def test_what_ours_translates_of_djangos_is_chinese() -> None:
    with translation.override("zh-hans"):
        assert not [text for text in djangos.TEXTS if LATIN.search(_said(text))]


def _said(text: object) -> str:
    return str(text % 12) if not isinstance(text, str) else translation.gettext(text)


def test_a_person_has_a_name_that_is_a_persons_and_nothing_else_has() -> None:
    people = {"accounts.customer"}
    with translation.override("zh-hans"):
        named = {
            model._meta.label_lower: str(field.verbose_name)
            for model in apps.get_models()
            for field in model._meta.fields
            if field.name == "name" and not model._meta.app_label.startswith("otp_")
        }
    assert {label for label, name in named.items() if name == "姓名"} == people
    assert {name for label, name in named.items() if label not in people} == {"名称"}
    assert {"staff.team", "staff.role", "staff.portfolio", "accounts.product", "cases.queue"} <= set(named)
