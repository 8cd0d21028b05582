"""What is wrong with a text, as a person would say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from compliance.sentences import RULE_NAMES
from reminders.models import NOTHING_LEFT
from reminders.rules import Fault
from runs.said import said as _
from runs.said import said_list

# By what a message was withheld, or had to wait.
HELD_BY: Mapping[str, Any] = {**RULE_NAMES, NOTHING_LEFT: gettext_lazy("nothing left to tell")}

# What each variable of a text is.
MEANINGS: Mapping[str, Any] = {
    "accounts": gettext_lazy("A line for each account: its reference, what it asks for, and by when."),
    "agreement": gettext_lazy("The beginning of the hash of the agreement that the code signs."),
    "amount": gettext_lazy("What was promised and is still to come, summed by currency."),
    "code": gettext_lazy("The one-time code. Only the person reads it: it is kept as stars."),
    "customer_name": gettext_lazy("The customer's name, as it is kept; here it is masked."),
    "due_on": gettext_lazy("The earliest day on which one of these amounts is or was due."),
    "lender": gettext_lazy("The lender's name (setting LENDER_NAME)."),
    "lender_contact": gettext_lazy("How the lender is reached (setting LENDER_CONTACT)."),
    "minutes": gettext_lazy("For how many minutes more the code holds."),
    "opt_out": gettext_lazy("The sentence that says how to opt out of this channel."),
    "pay_url": gettext_lazy("Where to pay (setting LENDER_PAY_URL)."),
    "plan": gettext_lazy("The reference of the plan that the code signs."),
    "total": gettext_lazy("What all these accounts ask for, summed by currency."),
}


def say_fault(fault: Fault) -> str:
    """What is wrong, what was expected, and what to do."""
    values = fault.values
    named = said_list([f"{{{name}}}" for name in values.get("known") or values.get("names") or ()])
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
        "amount": _("Others may see this, and “%(amount)s” reads as an amount of money. Take it out."),
        "private": _("Others may see this, and {%(name)s} tells what is the customer's alone. Take it out."),
        "parts": _(
            "As an SMS it could take %(parts)s parts (a name of %(name)s characters, %(accounts)s accounts), of %(most)s at most."
            " Shorten it."
        ),
    }
    return texts[fault.code] % {**values, "named": named}
