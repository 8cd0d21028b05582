"""The gate's rules, pure: given what is known of a contact, the rules and a moment, may it happen?

Fail-closed: whatever is missing or not understood (no rule in the book, parameters that make no sense, an unknown time
zone or flag) refuses, under the rule named `fail-closed`.
"""

from compliance.rules.book import Rulebook, decide
from compliance.rules.facts import FAIL_CLOSED, KINDS, Agreed, Facts, OwnNumber, Past, Rule, Span, Verdict
from compliance.rules.outcomes import CONVERSATION, NEUTRAL, RESERVED, SPOKEN_TO, class_of
from compliance.rules.terms import (
    CONTACT_HOURS,
    CONTACT_POINT,
    EXAMPLES,
    LONGEST_WINDOW_DAYS,
    OPT_OUT,
    PACKS,
    Senseless,
    parse,
)

__all__ = [
    "CONTACT_HOURS",
    "CONTACT_POINT",
    "CONVERSATION",
    "EXAMPLES",
    "FAIL_CLOSED",
    "KINDS",
    "LONGEST_WINDOW_DAYS",
    "NEUTRAL",
    "OPT_OUT",
    "PACKS",
    "RESERVED",
    "SPOKEN_TO",
    "Agreed",
    "Facts",
    "OwnNumber",
    "Past",
    "Rule",
    "Rulebook",
    "Senseless",
    "Span",
    "Verdict",
    "class_of",
    "decide",
    "parse",
]
