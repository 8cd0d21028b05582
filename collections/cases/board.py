"""What other apps show on the team board: approvals waiting, and whatever comes later. They register in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from staff.models import User


@dataclass(frozen=True)
class Panel:
    """A part of the board: a heading, and a template with what it shows."""

    heading: str
    template: str
    context: Mapping[str, Any]


# Given who looks, the panel within her scope, or None where it is none of her business. One query, or two.
Make = Callable[[User], Panel | None]

_makers: list[Make] = []


def add_panel(make: Make) -> None:
    """Show a panel on the board, below those registered before."""
    if make not in _makers:
        _makers.append(make)


def panels(user: User) -> list[Panel]:
    """The panels that `user` gets to see, in the order in which they were registered."""
    return [panel for make in _makers if (panel := make(user)) is not None]
