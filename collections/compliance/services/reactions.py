"""Who wants to know when something changed that decides about contacting a person: upper floors register in `AppConfig.ready`.

Called inside the change's transaction, with the customer locked, so that a case waits (or waits no longer) in the same moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from audit.services import Actor


class PersonReaction(Protocol):
    """What is called: a contact was registered, a flag or agreement came or went, a contact point was found wrong or right."""

    def __call__(self, actor: Actor, customer_ids: Sequence[int]) -> None: ...


_person_changed: list[PersonReaction] = []


def on_person_changed(reaction: PersonReaction) -> None:
    """Register a function to be called with the customers whose contact is to be judged anew."""
    if reaction not in _person_changed:
        _person_changed.append(reaction)


def person_changed(actor: Actor, customer_ids: Sequence[int]) -> None:
    """Tell everyone who registered."""
    if customer_ids:
        for reaction in _person_changed:
            reaction(actor, customer_ids)
