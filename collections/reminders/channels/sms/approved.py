"""Texts that the provider has approved: it is given its own code of the text and what fills it, never free text."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from reminders.channels import Outgoing, TransportError


@dataclass(frozen=True, slots=True)
class Approved:
    """The provider's code of a text, and its variables in order."""

    code: str
    values: dict[str, str]


def approved(outgoing: Outgoing) -> Approved:
    """The provider's own text for a message, by `SMS_TEMPLATES`; `*` stands for every text not named there.

    Raises:
        TransportError: it is not named: temporary, for that is ours to put right. Permanent: it lacks a variable.
    """
    entry = settings.SMS_TEMPLATES.get(outgoing.template) or settings.SMS_TEMPLATES.get("*")
    if entry is None:
        raise TransportError(f"SMS_TEMPLATES names no text for {outgoing.template or 'it'}", permanent=False)
    known = {"body": outgoing.body.strip(), **outgoing.values}
    try:
        return Approved(entry["code"], {name: known[name] for name in entry.get("variables", [])})
    except KeyError as missing:
        raise TransportError(f"no value for the text's variable {missing}", permanent=True) from None


def check() -> None:
    """Refuse `SMS_TEMPLATES` of another form, or none, as long as nothing has been sent.

    Raises:
        ImproperlyConfigured: says the form.
    """
    entries = settings.SMS_TEMPLATES
    fine = (
        isinstance(entries, dict)
        and entries
        and all(
            isinstance(entry, dict)
            and isinstance(entry.get("code"), str)
            and entry["code"]
            and all(isinstance(name, str) for name in entry.get("variables", []))
            for entry in entries.values()
        )
    )
    if not fine:
        raise ImproperlyConfigured(
            'SMS_TEMPLATES must be JSON such as {"first-late.v1.zh-hans": {"code": "SMS_1", "variables": ["body"]}}, '
            "the texts that the provider has approved."
        )
