"""What can go wrong when the book changes. Messages say the value, what was expected, and what to do."""

from __future__ import annotations


class BookError(Exception):
    """The book refuses; nothing was changed."""


class Conflict(BookError):
    """What was asked does not fit what the book holds now."""


class Invalid(BookError):
    """A value is wrong; `field` names it where one is to blame."""

    def __init__(self, message: object, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
