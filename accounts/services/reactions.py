"""Who wants to know at once when a standing, money or a status moves: upper floors register here in `AppConfig.ready`.

Called inside the posting's transaction with the accounts locked, so that a case closes in the same moment as the money
arrives. The close of day does not call it: its own steps read the `StandingChange` rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from accounts.services.standings import Judged
from audit.services import Actor


class Reaction(Protocol):
    """What is called. `in_bulk`: a load found them; whoever is newly late in it is left to the next close of day."""

    def __call__(self, actor: Actor, moved: Sequence[Judged], *, in_bulk: bool) -> None: ...


_standing_moved: list[Reaction] = []


def on_standing_moved(reaction: Reaction) -> None:
    """Register a function to be called with the standings that a posting moved."""
    if reaction not in _standing_moved:
        _standing_moved.append(reaction)


def standing_moved(actor: Actor, moved: Sequence[Judged], *, in_bulk: bool = False) -> None:
    """Tell everyone who registered."""
    if moved:
        for reaction in _standing_moved:
            reaction(actor, moved, in_bulk=in_bulk)


class CustomersReaction(Protocol):
    """What is called with the customers of whom something changed, whether or not a standing moved."""

    def __call__(self, actor: Actor, customer_ids: Sequence[int]) -> None: ...


_money_moved: list[CustomersReaction] = []


def on_money_moved(reaction: CustomersReaction) -> None:
    """Register a function to be called with the customers whose payments or reversals were posted or loaded, or whose money
    meets other debts than before, whatever was posted: a bill or a hold dated back moves it, too."""
    if reaction not in _money_moved:
        _money_moved.append(reaction)


def money_moved(actor: Actor, customer_ids: Sequence[int]) -> None:
    """Tell everyone who registered, inside the posting's transaction."""
    if customer_ids:
        for reaction in _money_moved:
            reaction(actor, customer_ids)


_status_changed: list[CustomersReaction] = []


def on_status_changed(reaction: CustomersReaction) -> None:
    """Register a function to be called with the customers of whose accounts one was frozen, freed, closed or charged off."""
    if reaction not in _status_changed:
        _status_changed.append(reaction)


def status_changed(actor: Actor, customer_ids: Sequence[int]) -> None:
    """Tell everyone who registered, inside the change's transaction and after its event."""
    for reaction in _status_changed:
        reaction(actor, customer_ids)
