"""What can go wrong when a case is worked. Messages say what happened, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.errors import Conflict
from audit.models import Event
from runs.texts import listed

# More than this nobody reads before looking at the case again.
TOLD = 3

Word = Callable[[str, str], str]


def _as_it_is(family: str, code: str) -> str:
    return code.replace("_", " ").replace("-", " ").replace(".", " ")


_word: Word = _as_it_is


def say_with(word: Word) -> None:
    """Register what has a word for each code ("verb", "case.moved"); the floor above knows them all."""
    global _word
    _word = word


class StaleScreen(Conflict):
    """The case changed since the actor read it; `changes` are the events of what changed, oldest first."""

    def __init__(self, changes: Sequence[Event]) -> None:
        self.changes = list(changes)
        super().__init__(_message(self.changes))


def told(changes: Sequence[Event]) -> str:
    """The last of the changes in words: when, by whom, what."""
    return listed([_one(event) for event in changes[-TOLD:]], apart=True)


def _message(changes: Sequence[Event]) -> str:
    words = told(changes)
    if not words:
        return _("The case changed since you opened it. Nothing was saved: look at it as it stands now, then decide.")
    return _(
        "The case changed since you opened it (%(changes)s). Nothing was saved: look at it as it stands now, then decide."
    ) % {"changes": words}


def _one(event: Event) -> str:
    return _("%(time)s %(actor)s: %(what)s") % {
        "time": time_format(localtime(event.at), "H:i"),
        "actor": _word("actor", event.actor_name),
        "what": _word("verb", event.verb),
    }
