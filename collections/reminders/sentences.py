"""What is wrong with a text, as a person would say it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from reminders.rules import Fault
from runs.texts import listed


def say_fault(fault: Fault) -> str:
    """What is wrong, what was expected, and what to do."""
    values = fault.values
    named = listed([f"{{{name}}}" for name in values.get("known") or values.get("names") or ()])
    texts = {
        "brace": _("Line %(line)s, character %(column)s: a “%(brace)s” stands alone. Write a variable as {name}."),
        "variable": _(
            "Line %(line)s, character %(column)s: there is no variable “%(name)s”. Those there are: %(named)s."
        ),
        "unseen": _(
            "Line %(line)s, character %(column)s: a character that nobody sees (%(code)s), or that turns the text around it."
            " Take it out."
        ),
        "scripts": _(
            "Line %(line)s, character %(column)s: “%(word)s” mixes letters of several scripts that look alike. Write it anew."
        ),
        "empty": _("It is empty. Write it."),
        "no-subject": _("This channel has no subject. Leave it empty."),
        "long": _("It is %(length)s characters long, and may have %(most)s. Shorten it."),
        "lines": _("It has several lines. Write one."),
        "missing": _("What must be said is missing. Add one of: %(named)s."),
        "word": _("Others may see this, and “%(word)s” says that there is a debt. Use another word."),
        "private": _("Others may see this, and {%(name)s} tells what is the customer's alone. Take it out."),
        "parts": _(
            "As an SMS it could take %(parts)s parts (a name of %(name)s characters, %(accounts)s accounts), of %(most)s at most."
            " Shorten it."
        ),
    }
    return texts[fault.code] % {**values, "named": named}
