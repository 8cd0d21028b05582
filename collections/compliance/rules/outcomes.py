"""What each outcome of a contact counts as.

The caps speak of *effective* calls (the person, or somebody for her, was spoken to), of *unanswered* attempts and of
messages. Where a text leaves open what an outcome is, it counts as the class with the lower cap:

- voicemail: nobody spoke, so it is unanswered; Regulation F counts it among the calls anyway, as it does every attempt.
- a wrong number, or one not in service: an attempt at that number that did not reach her.
- a third person answered: no conversation with the debtor, but an effective call all the same (`counts` sees to it).
- not delivered: nothing reached the person, so a message gives its place back; a call that failed was still an attempt.
- not made: nothing happened; the place is free again, a few times a day (`counts.with_too_many_not_made`).
"""

from __future__ import annotations

from collections.abc import Mapping

from compliance.rules.facts import VOICE

CONVERSATION = "conversation"
UNANSWERED = "unanswered"
INVALID = "invalid"
THIRD = "third"
THIRD_REFUSED = "third-refused"
MESSAGE = "message"
RESERVED = "reserved"
NEUTRAL = "neutral"

# Somebody was spoken to.
SPOKEN_TO = frozenset((CONVERSATION, THIRD, THIRD_REFUSED))
# Kinds of contact in which somebody tries to speak to the person.
SPOKEN = (VOICE, "visit")

_CLASSES: Mapping[str, str] = {
    "no-answer": UNANSWERED,
    "busy": UNANSWERED,
    "switched-off": UNANSWERED,
    "voicemail": UNANSWERED,
    "invalid-number": INVALID,
    "wrong-number": INVALID,
    "right-party": CONVERSATION,
    "call-back": CONVERSATION,
    "promise": CONVERSATION,
    "refused": CONVERSATION,
    "dispute": CONVERSATION,
    "hardship": CONVERSATION,
    "already-paid": CONVERSATION,
    "represented": CONVERSATION,
    "third-person": THIRD,
    "deceased": THIRD,
    "third-person-refused": THIRD_REFUSED,
    "sent": MESSAGE,
    "failed": NEUTRAL,
    "not-made": NEUTRAL,
}


def class_of(outcome: str, channel: str) -> str:
    """The class of an outcome; one that is not known counts as a conversation, which every cap counts."""
    if channel in SPOKEN and outcome in ("sent", "failed"):
        return UNANSWERED if outcome == "failed" else CONVERSATION
    return _CLASSES.get(outcome, CONVERSATION)
