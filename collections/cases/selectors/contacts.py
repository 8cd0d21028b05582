"""How a customer can be reached: masked and ready to show."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import ContactPoint


@dataclass(frozen=True)
class ContactPointView:
    """A contact point and what is shown of it."""

    point: ContactPoint
    masked: str
