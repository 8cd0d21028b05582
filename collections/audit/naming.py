"""Whom events are about, by reference. The record knows keys alone and stands below whoever knows more, who registers it here in
`AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple


class Names(NamedTuple):
    """`find`: the keys of the customers whom a whole reference names. `tell`: customers' references by their keys."""

    find: Callable[[str], Iterable[int]]
    tell: Callable[[Collection[int]], Mapping[int, str]]


_names: list[Names] = []


def on_naming(names: Names) -> None:
    """Register who knows customers by reference."""
    if names not in _names:
        _names.append(names)


def customers_named(ref: str) -> set[int]:
    """The keys of the customers whom a reference names: their own, or that of something that is theirs."""
    return {key for names in _names for key in names.find(ref)}


def refs_of(customer_ids: Collection[int]) -> dict[int, str]:
    """Customers' references by their keys. One query."""
    return {key: ref for names in _names for key, ref in names.tell(customer_ids).items()}
