"""What must follow when the teams' portfolios change. The apps above register theirs when they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from django.db import transaction

from audit.services import Actor


class Reaction(Protocol):
    """Called by keyword with who changed the portfolios."""

    def __call__(self, *, actor: Actor) -> object: ...


_reactions: list[Reaction] = []


def on_portfolios_changed(reaction: Reaction) -> Reaction:
    """Call `reaction(actor=…)` after every committed change of who works what; registering twice changes nothing."""
    if reaction not in _reactions:
        _reactions.append(reaction)
    return reaction


def portfolios_changed(*, actor: Actor) -> None:
    """Tell everyone who registered, once the present transaction is committed."""
    for reaction in _reactions:
        transaction.on_commit(_telling(reaction, actor))


def _telling(reaction: Reaction, actor: Actor) -> Callable[[], None]:
    def tell() -> None:
        reaction(actor=actor)

    return tell
