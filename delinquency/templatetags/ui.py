"""How the pages write money, lateness and progress."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts.models import Customer
from approvals.kinds import registered
from audit.models import Event
from cases.permissions import open_case_refs
from cases.views.verbs import BY_CODE, VERBS, Verb
from delinquency import words
from reminders.services import reviewing
from restructuring.sentences import cost
from runs import clock
from runs.pages import address_of
from runs.said import told

register = template.Library()

_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$"}
_LAST_RAMP_STEP = 7
_PLACE_IN_A_LIST = frozenset({"before", "page", "sort", "show"})
MINUS = "\N{MINUS SIGN}"


@register.filter
def here(request: HttpRequest) -> str:
    """The name of the page, for the navigation: every page of a case counts as the case's."""
    found = getattr(request, "resolver_match", None)
    name = (found.url_name or "") if found else ""
    return "case" if name.startswith("case-") or name == "evidence" else name


register.filter("address", address_of)


@register.simple_tag(takes_context=True)
def keys_of_reader(context: template.Context) -> dict[str, list[Verb] | bool]:
    """Which keys do something for the reader, on some page: `verbs` have one on a case, `beside` one goes through what stands
    beside what it acts on, `logs` contacts by one, `selects` rows of a list."""
    user = context["request"].user
    theirs = [verb for verb in VERBS if verb.may(user)]
    selecting = ("cases.assign_case", reviewing.PERMISSION, *(kind.decide_permission for kind in registered()))
    return {
        "verbs": [verb for verb in theirs if verb.key],
        "beside": any(verb.target for verb in theirs),
        "logs": BY_CODE["contact"] in theirs,
        "selects": any(user.has_perm(permission) for permission in selecting),
    }


@register.simple_tag(takes_context=True)
def case_of(context: template.Context, customer: Customer | None) -> str:
    """The reference of the customer's open case for a link to it; blank where there is none that the reader may open."""
    return (open_case_refs(context["request"].user, customer).first() or "") if customer else ""


@register.filter
def at(found: Mapping[Any, Any], key: Any) -> Any:
    """What a mapping has under a key; nothing where it has none."""
    return found.get(key, "")


@register.simple_tag(takes_context=True)
def no_filters(context: template.Context, form: BaseForm) -> list[str]:
    """By what the address asks that the form of the list's filters does not know, and that is no page or order of it."""
    return [name for name in context["request"].GET if name not in form.fields and name not in _PLACE_IN_A_LIST]


@register.filter
def money(value: Decimal | str | None) -> str:
    """1,234.50: thousands separated, two places, the currency elsewhere. Nothing known is a dash."""
    if value is None or value == "":
        return "–"
    amount = Decimal(value)
    return f"{MINUS if amount < 0 else ''}{abs(amount):,.2f}"


@register.filter
def as_percent(rate: Decimal | str | None) -> str:
    """6.00 %, given as a fraction. Unknown, or a rate below nothing, is a dash."""
    return (None if rate == "" else cost(rate)) or "–"


@register.simple_tag
def money_in(value: Decimal | str | None, currency: str) -> str:
    """¥1,234.50: for a figure that stands alone."""
    if value is None:
        return "–"
    return f"{symbol(currency)}{money(value)}"


@register.filter
def symbol(currency: str) -> str:
    """The sign of a currency, else its code with a space at which no line ends; nothing for an amount of none."""
    return currency and _SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}")


@register.filter
def count(value: int | None) -> str:
    """12,345."""
    return "–" if value is None else f"{value:,}"


@register.filter
def ramp(bucket: str) -> str:
    """The step of the lateness ramp that colours a bucket: its number, at most 7; 0 where it has none."""
    digits = "".join(character for character in bucket if character.isdigit())
    return str(min(int(digits), _LAST_RAMP_STEP)) if digits else "0"


@register.filter
def took(value: timedelta | None) -> str:
    """1 h 02 min, 3 min 05 s, 4.2 s."""
    if value is None:
        return "–"
    seconds = value.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


@register.filter
def age(since: datetime) -> str:
    """3 d 12 h, 5 h: how long ago."""
    hours = max(0, int((clock.now() - since).total_seconds() // 3600))
    if hours < 24:
        return gettext("%(hours)s h") % {"hours": hours}
    return gettext("%(days)s d %(hours)s h") % {"days": hours // 24, "hours": hours % 24}


@register.filter
def length_of_call(seconds: int) -> str:
    """2:41."""
    return f"{seconds // 60}:{seconds % 60:02d}"


@register.filter
def as_date(value: str | None) -> Any:
    """A date that came as text, out of JSON."""
    return parse_date(value) if value else None


@register.filter
def as_moment(value: str | None) -> datetime | None:
    """A moment that came as text, out of JSON."""
    return parse_datetime(value) if value else None


@register.inclusion_tag("_bar.html")
def bar(percent: int, label: str = "", tone: str = "brand") -> dict[str, Any]:
    """A progress bar as SVG: the width is an attribute, since the policy allows no style."""
    return {"percent": max(0, min(100, percent)), "label": label, "tone": tone}


@register.filter
def word(code: str, family: str) -> str:
    """The reader's word for a code that is stored: `{{ step.step|word:"step" }}`. A code without a word stands for itself."""
    return words.word(family, code)


@register.filter
def reason_in_words(text: str) -> str:
    """Why something was done, as a reader wants it."""
    return words.reason(text)


@register.filter
def told_again(text: str) -> str:
    """What was kept of what a service said (`runs.said`), in the reader's language."""
    return told(text)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> SafeString:
    """The present query with some parameters changed; None or empty takes one off. The page number always goes."""
    parameters: QueryDict = context["request"].GET.copy()
    parameters.pop("page", None)
    for name, value in changes.items():
        if value in (None, "", []):
            parameters.pop(name, None)
        elif isinstance(value, list):
            parameters.setlist(name, value)
        else:
            parameters[name] = str(value)
    return SafeString("?" + parameters.urlencode().replace("&", "&amp;"))


@register.simple_tag(takes_context=True)
def toggled(context: template.Context, name: str, value: str) -> SafeString:
    """The present query with one of a parameter's many values put in or taken out."""
    values = [one for one in context["request"].GET.getlist(name) if one]
    return query(context, **{name: [one for one in values if one != value] if value in values else [*values, value]})


@register.simple_tag(takes_context=True)
def without(context: template.Context, name: str) -> SafeString:
    """The present query with one parameter, named by a variable, taken off."""
    return query(context, **{name: None})


@register.filter
def sorting(name: str, present: str) -> dict[str, str]:
    """For a column's heading: `state` for `aria-sort`, empty where it does not order, and the `next` order on a click."""
    if present == f"-{name}":
        return {"state": "descending", "next": name}
    return {"state": "ascending" if present == name else "", "next": f"-{name}"}


@register.filter
def changes(event: Event) -> list[dict[str, Any]]:
    """What an event changed, field by field: name, before, after; fields that stayed as they were are left out."""
    before, after = event.before or {}, event.after or {}
    return [
        {
            "name": name,
            "before": words.value(event.subject_type, name, before.get(name)),
            "after": words.value(event.subject_type, name, after.get(name)),
        }
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]
