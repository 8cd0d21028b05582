"""How much of what is large a run takes in: `make test` a part, within minutes; `make test FULL=1` all of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
FULL = bool(os.environ.get("FULL"))


def sized(part: T, full: T) -> T:
    """What this run takes."""
    return full if FULL else part


# How pages are looked at by axe: (scheme, width). Each scheme and each width is among the part.
VARIANTS = sized(
    [("light", 1440), ("dark", 390)], [(scheme, width) for width in (1440, 390) for scheme in ("light", "dark")]
)


def dealt(pages: Sequence[T], width: int) -> Sequence[T]:
    """Of many pages those that are looked at in this width: of a part every other one, so that each is looked at once."""
    return pages if FULL else pages[[one for _, one in VARIANTS].index(width) :: len(VARIANTS)]
