"""What we write to people. A text's words change only under a new version; old ones stay, for what still waits.

A text is two template files a language: `templates/reminders/<channel>/<name>.v<version>.<language>.subject.txt` and
`….body.txt`. Nothing in the subject says that there is a debt: others may see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

LANGUAGES = ("en", "zh-hans")


@dataclass(frozen=True, slots=True)
class Text:
    """One text of one channel, by name and version."""

    name: str
    version: int
    channel: str


@dataclass(frozen=True, slots=True)
class Due:
    """What one account asks for."""

    account_ref: str
    currency: str
    amount: Decimal
    due_on: date

    @property
    def amount_text(self) -> str:
        # Not the language's own grouping: Chinese letters about money group by three as well.
        return f"{self.amount:,.2f}"


FIRST_LATE = Text("first-late", 1, "email")
TEXTS = {(text.name, text.version): text for text in (FIRST_LATE,)}


def language_for(locale: str) -> str:
    """The language we can write that is nearest to a customer's own; the lender's when hers is not known."""
    wanted = (locale or settings.DEFAULT_CUSTOMER_LOCALE).lower()
    return "zh-hans" if wanted.startswith("zh") else "en"


def render(*, name: str, version: int, language: str, customer_name: str, dues: list[Due]) -> tuple[str, str]:
    """Subject (one line) and body.

    Raises:
        KeyError: no such text.
        django.template.TemplateDoesNotExist: not in that language.
    """
    text = TEXTS[name, version]
    values: dict[str, Any] = {
        "lender": settings.LENDER_NAME,
        "lender_contact": settings.LENDER_CONTACT,
        "pay_url": settings.LENDER_PAY_URL,
        "customer_name": customer_name,
        "dues": dues,
    }
    stem = f"reminders/{text.channel}/{text.name}.v{text.version}.{language}"
    with translation.override(language):
        subject = render_to_string(f"{stem}.subject.txt", values)
        body = render_to_string(f"{stem}.body.txt", values)
    return " ".join(subject.split()), body.strip() + "\n"
