"""The dated rules for what texts must say and must not, and which answers opt a person out."""

from __future__ import annotations

from django.db import transaction
from django.forms import model_to_dict
from django.utils.translation import gettext as _

from accounts.errors import Conflict, Invalid
from audit.services import Actor, record
from reminders.models import DebtWords, HarmlessWords, OptOutWords, WritingRule
from reminders.rules.wording import VARIABLES, words_in
from reminders.selectors import words_of_debt
from runs import clock

Dated = WritingRule | DebtWords | HarmlessWords | OptOutWords


@transaction.atomic
def add(*, actor: Actor, row: Dated) -> Dated:
    """Put a rule of writing, or a list of words, in force from a date on. Earlier ones stay: what was written under them was
    right then.

    Raises:
        Conflict, Invalid: see `check`.
    """
    check(row)
    row.save(force_insert=True)
    record(
        actor=actor,
        verb="words.added",
        subject=row,
        after=model_to_dict(row, exclude=["id", "source"]) | {"source": row.source},
    )
    return row


def check(row: Dated) -> None:
    """Refuse what cannot be put in force.

    Raises:
        Conflict: one of its kind starts on that day already.
        Invalid: the day is past, a rule wants a variable that texts of its kind do not have, or a harmless word holds no word of
            debt, or is one.
    """
    today = clock.today()
    if row.effective_from < today:
        raise Invalid(
            _(
                "%(day)s is past: what was written until now followed the rules of its day. Choose today (%(today)s) or later."
            )
            % {"day": row.effective_from, "today": today},
            "effective_from",
        )
    same = {"kind": row.kind, "channel": row.channel} if isinstance(row, WritingRule) else {"language": row.language}
    if type(row).objects.filter(**same, effective_from=row.effective_from).exists():
        raise Conflict(
            _("One starts on %(day)s already. Choose another day; what is in force is never changed.")
            % {"day": row.effective_from},
            "effective_from",
        )
    if isinstance(row, HarmlessWords):
        forbidden = words_of_debt(row.effective_from)
        for word in row.words:
            held = words_in(word, forbidden)
            if not held or word in held:
                raise Invalid(
                    _("“%(word)s” is not longer than a word of debt that stands in it. Enter the whole harmless word.")
                    % {"word": word},
                    "words",
                )
    if isinstance(row, WritingRule):
        known = VARIABLES[row.kind]
        for name in (name for group in row.required for name in group):
            if name not in known:
                raise Invalid(
                    _("“%(name)s” is no variable of these texts. Choose from: %(known)s.")
                    % {"name": name, "known": ", ".join(sorted(known))},
                    "required",
                )
