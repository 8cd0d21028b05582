"""Finding cases by what somebody was told on the telephone: a name or reference, an identity number, a telephone number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Lookup, OuterRef, Q, Value
from django.db.models.lookups import IStartsWith
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import vault
from accounts.models import Account, ContactPoint, Customer
from accounts.models.customers import last_word
from cases.models import Case
from cases.permissions import visible_to
from cases.selectors.worklist import days_past_due
from runs import clock
from runs.selectors import book_day
from staff.permissions import Anyone

ID_NUMBER, PHONE = "id-number", "phone"
# A single letter begins a tenth of the book: that is no search. A single Han character is a usual surname.
SHORTEST_NAME = 2
_HAN = re.compile(r"[\u3400-\u9fff]")
MOST_SHOWN = 50
ACCOUNTS_SHOWN = 2
_ID_NUMBER = re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
# A number of another country, or a fixed line with its area code; a run of digits alone may as well be a reference.
_PHONE = re.compile(r"\+[0-9]{7,15}|0[0-9]{8,12}")
_BETWEEN = re.compile(r"[ ()./\-]")


@dataclass(frozen=True)
class Exact:
    """What words are by their form: an identity or telephone number, and the blind indexes under which it may lie."""

    kind: str
    indexes: tuple[bytes, ...]


def plain(words: str) -> str:
    """`words` with the letters and digits of full width, as an input method writes them, in their usual form."""
    return unicodedata.normalize("NFKC", words)


def recognise(words: str) -> Exact | None:
    """The identity or telephone number that `words` have the form of; None for everything else."""
    tight = _BETWEEN.sub("", plain(words))
    if _ID_NUMBER.fullmatch(tight):
        return Exact(ID_NUMBER, (vault.blind_index("id-number", tight),))
    mobile = _MOBILE.fullmatch(tight)
    if mobile:
        bare = mobile[1]
        forms = [("mobile", bare), *(("phone", form) for form in (bare, f"+86{bare}", f"0086{bare}"))]
        return Exact(PHONE, tuple(vault.blind_index(kind, form) for kind, form in forms))
    if _PHONE.fullmatch(tight):
        return Exact(PHONE, tuple(vault.blind_index(kind, tight) for kind in ("mobile", "phone")))
    return None


def customers_with(exact: Exact) -> list[int]:
    """The keys of the customers who have that number, in scope or not. One query."""
    if exact.kind == ID_NUMBER:
        people = Customer.objects.filter(id_number_index__in=exact.indexes).order_by().values_list("pk", flat=True)
        return list(people[: MOST_SHOWN + 1])
    points = ContactPoint.objects.filter(value_index__in=exact.indexes).order_by().values_list("customer_id", flat=True)
    return list(points.distinct()[: MOST_SHOWN + 1])


def _named(words: str) -> list[Q | Lookup[Any]]:
    """The customer's name, or its last word, begins with `words`, whatever their case. A Han name is one word."""
    if _HAN.match(words):
        return [Q(customer__name__istartswith=words)]
    if len(words) < SHORTEST_NAME:
        return [Q(customer__name__iexact=words)]
    last = [] if " " in words else [IStartsWith(last_word("customer__name"), words)]
    return [Q(customer__name__istartswith=words), *last]


@dataclass(frozen=True)
class Found:
    """A case that a search found, and why; it carries `days_past_due`. `accounts`: the customer's first, and `more` of them."""

    case: Case
    why: Promise
    accounts: Sequence[str]
    more: int


def find(*, user: Anyone, words: str, exactly: Collection[int] = (), kind: str = "") -> list[Found]:
    """The cases in `user`'s scope that `words` find, open ones first, each once; at most one more than is shown.

    `exactly` are the customers that an exact search named, `kind` what it searched by. Three queries at most.
    """
    words = words.strip()
    ways: list[tuple[Promise, Q | Lookup[Any]]] = []
    if exactly:
        why = _("identity number") if kind == ID_NUMBER else _("telephone number")
        ways.append((why, Q(customer_id__in=exactly)))
    if not kind or kind == PHONE:  # a telephone number may be a reference as well; an identity number never is one
        # References are in capitals as a rule; a rule is not a promise, so what was typed counts too.
        for ref in dict.fromkeys((words, words.upper(), plain(words), plain(words).upper())):
            accounts = Account.objects.order_by().filter(ref__startswith=ref).values("customer_id")
            ways += [
                (_("account reference"), Q(customer_id__in=accounts)),
                (_("case reference"), Q(ref__startswith=ref)),
                (_("customer reference"), Q(customer__ref__startswith=ref)),
            ]
    if not kind:
        for name in dict.fromkeys((words, plain(words))):
            ways += [(pgettext_lazy("of a person", "name"), condition) for condition in _named(name)]
    if not ways:
        return []
    # Each way is a query of its own on its own index; joined by OR, none of the indexes would be used.
    parts = [
        visible_to(user)
        .filter(condition)
        .annotate(way=Value(number))
        .order_by("-status", "-pk")
        .values_list("pk", "way")[: MOST_SHOWN + 1]
        for number, (_why, condition) in enumerate(ways)
    ]
    first_way: dict[int, int] = {}
    for key, way in sorted(
        parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0], key=lambda row: row[1]
    ):
        first_way.setdefault(key, way)
    if not first_way:
        return []
    refs = Account.objects.filter(customer=OuterRef("customer")).order_by("standing", "pk").values("ref")
    cases = (
        Case.objects.filter(pk__in=first_way)
        .select_related("customer", "team", "assignee")
        .annotate(days_past_due=days_past_due(book_day() or clock.today()), account_refs=ArraySubquery(refs))
        .order_by("-status", "-pk")[: MOST_SHOWN + 1]
    )
    return [
        Found(
            case,
            ways[first_way[case.pk]][0],
            case.account_refs[:ACCOUNTS_SHOWN],
            len(case.account_refs[ACCOUNTS_SHOWN:]),
        )
        for case in cases
    ]
