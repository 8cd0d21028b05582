"""The one way from a template to a text: values become variables, variables fill the words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from reminders.models import TemplateVersion
from reminders.rules import Length, fill, harmless, length_of, variables_in
from runs.texts import day_in_letter

# What is the same for most messages of a batch is worked out once: the lender's own words, and what a text asks for.
_kept_harmless = lru_cache(maxsize=16)(harmless)
_kept_names = lru_cache(maxsize=256)(variables_in)
# The variables that tell who somebody is; the rest is of the lender or about the debt.
_PERSONAL = ("customer_name",)
# Those that only the person may read: kept as stars, as many as they have characters.
_SECRET = ("code",)
# Around what is personal while a text is put together: of private use, so they stand neither in words nor in a value.
_BEGIN, _END = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as it goes out: its subject (one line, may be blank) and its body; the values of the variables in it; where
    in `subject` and `body` something personal stands, of each [start, end] from 0; and both as they are kept, in which what is
    secret stands as stars."""

    subject: str = field(repr=False)
    body: str = field(repr=False)
    values: Mapping[str, str] = field(repr=False)
    personal: Mapping[str, list[list[int]]]
    kept_subject: str
    kept_body: str

    @property
    def kept(self) -> dict[str, object]:
        """What a message keeps of it, by the names of its fields."""
        return {"subject": self.kept_subject, "body": self.kept_body, "personal": self.personal}


@dataclass(frozen=True, slots=True)
class Due:
    """What one account asks for."""

    account_ref: str
    currency: str
    amount: Decimal
    due_on: date


@dataclass(frozen=True, slots=True)
class Signing:
    """What a one-time code signs (the plan's reference, the beginning of the agreement's hash), and for how many minutes more."""

    code: str = field(repr=False)
    plan: str
    agreement: str
    minutes: int


# What an SMS may have to say at most: a name of 40 characters, none of which GSM-7 has, and three accounts. More is rare, and
# costs a part more.
LONGEST_NAME, MOST_ACCOUNTS = 40, 3
LONGEST: Mapping[str, Any] = {
    "customer_name": "名" * LONGEST_NAME,
    "dues": [Due("8" * 24, "CNY", Decimal("99999999.99"), date(2026, 9, 30))] * MOST_ACCOUNTS,
    "signing": Signing("8" * 6, "R" + "8" * 8, "8" * 12, 60),
}


def language_for(locale: str) -> str:
    """The language we can write that is nearest to a customer's own; the lender's when hers is not known."""
    wanted = (locale or settings.DEFAULT_CUSTOMER_LOCALE).lower()
    return "zh-hans" if wanted.startswith("zh") else "en"


def texts_of(versions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], dict[str, dict[str, str]]]:
    """The texts of versions of templates, each by (name, number), then by language. One query."""
    wanted = set(versions)
    rows = TemplateVersion.objects.filter(
        template__name__in={name for name, _number in wanted}, number__in={number for _name, number in wanted}
    ).values_list("template__name", "number", "texts")
    return {(name, number): texts for name, number, texts in rows if (name, number) in wanted}


def render(text: Mapping[str, str], language: str, values: Mapping[str, Any]) -> Rendered:
    """A text (`subject`, `body`) filled with values: `customer_name`; `dues`, a list of `Due`; `signing`, a `Signing`.

    A value is never read as a template, and cannot break a line, hide or turn what stands around it.

    Raises:
        KeyError: the text wants a variable that these values do not give.
    """
    variables = _variables(values, language)
    used = _kept_names(text["subject"]) | _kept_names(text["body"])
    marked = variables | {name: f"{_BEGIN}{variables[name]}{_END}" for name in _PERSONAL if variables[name]}
    subject, body, personal = _filled(text, marked)
    kept_subject, kept_body = subject, body
    if secret := used.intersection(_SECRET):
        kept_subject, kept_body, _places = _filled(text, marked | {name: "*" * len(marked[name]) for name in secret})
    values = {name: value for name, value in variables.items() if name in used}
    return Rendered(subject, body, values, personal, kept_subject, kept_body)


def examples(values: Mapping[str, Any], language: str) -> dict[str, str]:
    """What each variable that these values give says in a language."""
    return _variables(values, language)


def sms_length(text: Rendered) -> Length:
    """The length of an SMS as it goes out: without the line end that closes every text."""
    return length_of(text.body.strip())


def longest_sms(text: Mapping[str, str], language: str) -> Length:
    """The length of an SMS when what fills it is as long as we reckon with (`LONGEST`).

    Raises:
        KeyError, ValueError: as `render` and `fill`; the text cannot be filled.
    """
    return sms_length(render(text, language, LONGEST))


def _filled(text: Mapping[str, str], marked: Mapping[str, str]) -> tuple[str, str, dict[str, list[list[int]]]]:
    """Subject and body with these values, and where in each something personal stands."""
    subject, in_subject = _unmarked(" ".join(fill(text["subject"], marked).split()))
    body, in_body = _unmarked(fill(text["body"], marked).strip() + "\n")
    return subject, body, {"subject": in_subject, "body": in_body}


def _unmarked(marked: str) -> tuple[str, list[list[int]]]:
    """A text without its marks, and where they stood around something."""
    text, *rest = marked.split(_BEGIN)
    places = []
    for piece in rest:
        value, _end, behind = piece.partition(_END)
        places.append([len(text), len(text) + len(value)])
        text += value + behind
    return text, places


def _variables(values: Mapping[str, Any], language: str) -> dict[str, str]:
    own = _own_words(language)
    found = {
        "lender": _kept_harmless(settings.LENDER_NAME),
        "lender_contact": _kept_harmless(settings.LENDER_CONTACT),
        "pay_url": _kept_harmless(settings.LENDER_PAY_URL),
        "opt_out": own["opt_out"],
        "customer_name": harmless(values["customer_name"]),
    }
    if dues := values.get("dues"):
        found["accounts"] = "\n".join(
            own["account"]
            % {
                "account": harmless(due.account_ref),
                "amount": _money(due.currency, due.amount),
                "day": _day(due.due_on, language),
            }
            for due in dues
        )
        found["total"] = found["amount"] = _total(dues)
        found["due_on"] = _day(min(due.due_on for due in dues), language)
    if signing := values.get("signing"):
        found |= {
            "code": signing.code,
            "plan": harmless(signing.plan),
            "agreement": signing.agreement,
            "minutes": str(signing.minutes),
        }
    return found


def _total(dues: Iterable[Due]) -> str:
    """The sum by currency; currencies are never added up."""
    sums: dict[str, Decimal] = {}
    for due in dues:
        sums[due.currency] = sums.get(due.currency, Decimal(0)) + due.amount
    return " + ".join(_money(currency, amount) for currency, amount in sums.items())


def _money(currency: str, amount: Decimal) -> str:
    # Not the language's own grouping: Chinese letters about money group by three as well.
    return f"{currency} {amount:,.2f}"


@lru_cache(maxsize=8)
def _own_words(language: str) -> dict[str, str]:
    """The words of ours that stand in variables, in a language."""
    with translation.override(language):
        return {
            "opt_out": _("Reply STOP to opt out."),
            "account": _("  Account %(account)s: %(amount)s, due on %(day)s"),
        }


@lru_cache(maxsize=1024)
def _day(day: date, language: str) -> str:
    """A day as letters write it."""
    with translation.override(language):
        return day_in_letter(day)
