"""The currencies that a book may be kept in."""

from __future__ import annotations

from functools import cache

from babel.numbers import get_currency_precision, list_currencies
from django.utils.translation import gettext as _

# What begins with X is of no country (gold, drawing rights, tests), but for what a union of several pays with.
_OF_UNIONS = frozenset({"XCD", "XCG"})


def no_currency(code: str) -> str:
    """What is said of a code that is none of them."""
    return _(
        "“%(code)s” is no currency with two decimal places. Expected its three capital letters, such as CNY or USD."
    ) % {"code": code}


def is_currency(code: str) -> bool:
    """Whether it is the code of a currency (ISO 4217, as the Unicode CLDR lists them) whose amounts have two places, as all money
    of the book has."""
    return code in _currencies()


@cache
def _currencies() -> frozenset[str]:
    codes = {code for code in list_currencies() if code[0] != "X"} | _OF_UNIONS
    return frozenset(code for code in codes if get_currency_precision(code) == 2)
