"""What a template's words look like: with values made up, or with a real customer's, masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language

from accounts.references import customer_named, typed
from approvals.models import Request
from compliance.models import Channel
from reminders.forms import LANGUAGE_NAMES
from reminders.models import LANGUAGES, MessageKind, Template
from reminders.rendering import (
    LONGEST_NAME,
    MOST_ACCOUNTS,
    Due,
    Signing,
    examples,
    language_for,
    longest_sms,
    render,
    sms_length,
)
from reminders.rules import VARIABLES
from reminders.selectors import dues, dues_ahead, faults_of_texts
from reminders.sentences import MEANINGS, say_fault
from runs import clock
from staff.permissions import Anyone

RECKONED = {"name": LONGEST_NAME, "accounts": MOST_ACCOUNTS}


def made_up(kind: str) -> dict[str, Any]:
    """The values of a preview of a kind of message, of nobody."""
    due_on = clock.today() + timedelta(days=3 if kind == "pre-due" else -3)
    return {
        "asked": "",
        "customer_name": "王*",
        "dues": [Due("A-1001", "CNY", Decimal("1234.50"), due_on), Due("A-1002", "CNY", Decimal("80.00"), due_on)],
        "found": None,
        "amounts_made_up": False,
        "signing": Signing("123456", "R00000001", "9f86d081884c", 10),
    }


def sample(user: Anyone, kind: str, asked: str) -> dict[str, Any]:
    """The values of a preview: of the customer named by her reference, an account's or a case's, masked, where `user` sees her;
    else made up, and so are the amounts (`amounts_made_up`) of one who is asked for nothing now."""
    asked = typed(asked)
    values = made_up(kind) | {"asked": asked}
    if (customer := customer_named(asked, user)) is not None:
        accounts = list(customer.accounts.values_list("pk", flat=True))
        read = dues_ahead if kind == MessageKind.PRE_DUE else dues
        owed = list(read(accounts=accounts, on=clock.today()).values())
        values |= {"found": customer, "customer_name": customer.masked_name, "dues": owed or values["dues"]}
        values["amounts_made_up"] = not owed and kind != MessageKind.SIGNING
    return values


def previews(template: Template, texts: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each language: how it reads with these values, what is wrong, and the length of an SMS."""
    faults = faults_of_texts(template, texts, clock.today())
    found = []
    for language in LANGUAGES:
        text = {"subject": "", "body": "", **texts.get(language, {})}
        try:
            shown = render(text, language, values)
        except (KeyError, ValueError):
            shown = None
        is_sms = shown is not None and template.channel == Channel.SMS
        found.append(
            {
                "language": language,
                "name": LANGUAGE_NAMES[language],
                "shown": shown,
                "faults": [(place, say_fault(fault)) for of, place, fault in faults if of == language],
                "length": sms_length(shown) if shown and is_sms else None,
                "longest": longest_sms(text, language) if is_sms else None,
            }
        )
    return found


def template_of(request: Request) -> Template:
    """The template that a request for the approval of a version is about."""
    return Template.objects.get(versions=request.payload["version"])


def as_read(template: Template, texts: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """For a page: how these texts read, and with which values."""
    return {"previews": previews(template, texts, values), "sample": values, "reckoned": RECKONED}


def variables(kind: str, values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The variables of a kind of message: of each its name, what it is, and what it would say with these values, in the
    reader's language."""
    said = examples(values, language_for(get_language() or ""))
    return [(name, str(MEANINGS[name]), said.get(name, "")) for name in sorted(VARIABLES[kind])]
