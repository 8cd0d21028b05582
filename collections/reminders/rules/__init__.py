"""The pure rules of what is written to people: the syntax of texts, what they must and must not say, how long an SMS is."""

from reminders.rules.sms import Length, length_of
from reminders.rules.syntax import Fault, fill, harmless, variables_in
from reminders.rules.wording import VARIABLES, Wording, faults_of, words_in

__all__ = [
    "VARIABLES",
    "Fault",
    "Length",
    "Wording",
    "faults_of",
    "fill",
    "harmless",
    "length_of",
    "variables_in",
    "words_in",
]
