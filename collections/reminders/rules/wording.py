"""What a text must say, and what it must not, by what it is about and how it goes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reminders.rules.amounts import amounts_in
from reminders.rules.eye import guessed, seen, spelt, together
from reminders.rules.syntax import Fault, faults_in, variables_in

_ALWAYS = frozenset({"lender", "lender_contact", "pay_url", "customer_name", "opt_out"})
_OWED = frozenset({"accounts", "total", "due_on"})
# The variables there are, by the kind of message.
VARIABLES: Mapping[str, frozenset[str]] = {
    "pre-due": _ALWAYS | _OWED,
    "overdue": _ALWAYS | _OWED,
    "notice": _ALWAYS | _OWED,
    "promise": _ALWAYS | {"accounts", "amount", "due_on"},
    "signing": frozenset({"lender", "lender_contact", "code", "plan", "agreement", "minutes"}),
}
# What others may see on a lock screen or in the post: no amounts, no names.
_OPEN_TO_OTHERS = frozenset({"accounts", "total", "amount", "customer_name"})
LONGEST_SUBJECT = 150
LONGEST_SMS_PARTS = 4
# Letters of a word up to which it is looked for as the whole of what is spelt out.
SHORT = 3
# What a word of the lists has between its parts, and what may stand there in a text: past due, past-due, past · due. What ends
# a clause parts them: “the past. Due” is no word.
_PARTED = re.compile(r"[ -]+")
_JOINS = r"(?:(?:[^\w,;:!?.]|_){1,3}|\.)"


@dataclass(frozen=True, slots=True)
class Wording:
    """The dated rules that hold for one kind and channel: of each group of variables at least one must stand in the body;
    none of the words, and no amount, may stand where others see them. A word of letters is meant whole, unless it ends in a
    star; within a harmless word none is meant."""

    required: Sequence[Sequence[str]] = ()
    forbidden_words: Sequence[str] = ()
    harmless_words: Sequence[str] = ()
    seen_by_others: Sequence[str] = ("subject",)
    has_subject: bool = True


def faults_of(kind: str, wording: Wording, *, subject: str, body: str) -> list[Fault]:
    """All that is wrong with a text; empty when it may be used. Words are looked for as an eye
    reads them: in any case, width and look-alike letters, whatever is hidden between."""
    known = VARIABLES[kind]
    texts = {"subject": subject, "body": body}
    found = [fault for place, text in texts.items() for fault in faults_in(text, place, known)]
    if not body.strip():
        found.append(Fault("empty", "body"))
    if wording.has_subject and not subject.strip():
        found.append(Fault("empty", "subject"))
    if not wording.has_subject and subject.strip():
        found.append(Fault("no-subject", "subject"))
    if len(subject) > LONGEST_SUBJECT:
        found.append(Fault("long", "subject", {"length": len(subject), "most": LONGEST_SUBJECT}))
    if "\n" in subject.strip():
        found.append(Fault("lines", "subject"))
    said = variables_in(body)
    found += [Fault("missing", "body", {"names": list(group)}) for group in wording.required if not said & set(group)]
    for place in wording.seen_by_others:
        forbidden = words_in(texts[place], wording.forbidden_words, wording.harmless_words)
        found += [Fault("word", place, {"word": word}) for word in forbidden]
        found += [Fault("amount", place, {"amount": amount}) for amount in amounts_in(texts[place])]
        found += [
            Fault("private", place, {"name": name}) for name in sorted(variables_in(texts[place]) & _OPEN_TO_OTHERS)
        ]
    return found


def words_in(text: str, words: Sequence[str], harmless: Sequence[str] = ()) -> list[str]:
    """Which of the words stand in a text as an eye reads it, spelt letter by letter or with digits for letters too; a word of
    letters is meant whole, unless it ends in a star, and its parts whatever joins them. What stands within one of the harmless
    words, written plainly, is passed over: “还款” in “退还款项”."""
    shown = seen(text)
    for one in sorted(map(seen, harmless), key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(one)}(?!\w)" if one.isascii() else re.escape(one)
        shown = re.sub(pattern, " ", shown, flags=re.ASCII)
    read = {shown, guessed(shown)}
    put_together = {guessed(one) for one in spelt(shown)}
    return [word for word in words if _stands_in(word, read, put_together)]


def _stands_in(word: str, read: set[str], put_together: set[str]) -> bool:
    stem = seen(word.removesuffix("*"))
    if not stem.isascii():
        return any(together(stem) in together(shown) for shown in read)
    joined = guessed(together(stem))
    # A short word may be any run of initials; who spells out more hides it.
    if any(joined in one if len(joined) > SHORT else joined == one for one in put_together):
        return True
    # Chinese has no blanks: a Latin word between its characters is a whole one.
    behind = "" if word.endswith("*") else r"(?!\w)"
    forms = "|".join(map(_joined, {stem, guessed(stem)}))
    pattern = re.compile(rf"(?<!\w)(?:{forms}){behind}", re.ASCII)
    return any(pattern.search(shown) for shown in read)


def _joined(word: str) -> str:
    """A pattern of a word, with anything that joins where the list has a blank or a hyphen."""
    return _JOINS.join(map(re.escape, _PARTED.split(word)))
