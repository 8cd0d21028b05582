"""What the gate answers, as a person would say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import ContactPoint, Relationship
from compliance.models import FlagKind
from compliance.rules import Rule, Senseless
from compliance.sources import source_in_words
from runs import clock
from runs.texts import listed

Words = Mapping[str, str | Promise]


class Answered(Protocol):
    """A verdict of the rules, or a decision as recorded."""

    @property
    def allowed(self) -> bool: ...
    @property
    def rule(self) -> str: ...
    @property
    def rule_version(self) -> int: ...
    @property
    def next_allowed_at(self) -> datetime | None: ...


RULE_NAMES: Words = {
    "calls-a-day": gettext_lazy("calls a day"),
    "calls-a-week": gettext_lazy("calls about a debt within seven days"),
    "contact-hours": gettext_lazy("contact hours"),
    "contact-point": gettext_lazy("debtor's own, permitted, verified contact points only"),
    "conversation-pause": gettext_lazy("rest after a conversation"),
    "fail-closed": gettext_lazy("what is not known is refused"),
    "hold": gettext_lazy("holds of contact"),
    "inbound": gettext_lazy("the person came to us"),
    "messages": gettext_lazy("messages a day and a week"),
    "opt-out": gettext_lazy("opt-outs"),
    "person": gettext_lazy("flags of the person"),
    "recordings": gettext_lazy("how long recordings are kept"),
    "reservation": gettext_lazy("how long an allowed contact holds its place"),
    "third-person": gettext_lazy("third persons"),
    "unanswered-a-day": gettext_lazy("unanswered attempts a number a day"),
}
_YES: Words = {
    "voice": gettext_lazy("You may call this number now"),
    "sms": gettext_lazy("You may send an SMS now"),
    "email": gettext_lazy("You may write an e-mail now"),
    "push": gettext_lazy("You may send an app push now"),
    "letter": gettext_lazy("You may send a letter now"),
    "visit": gettext_lazy("You may visit this address now"),
}
# Where somebody else is reached there; who is on the other side is asked and told other things.
_WHOSE: Words = {
    Relationship.CONTACT_PERSON: gettext_lazy("(the contact person’s number)"),
    Relationship.REPRESENTATIVE: gettext_lazy("(the representative’s number)"),
    Relationship.CO_DEBTOR: gettext_lazy("(the co-debtor’s number)"),
    Relationship.GUARANTOR: gettext_lazy("(the guarantor’s number)"),
}
_NO: Words = {
    "voice": gettext_lazy("Do not call this number"),
    "sms": gettext_lazy("Do not send an SMS"),
    "email": gettext_lazy("Do not write an e-mail"),
    "push": gettext_lazy("Do not send an app push"),
    "letter": gettext_lazy("Do not send a letter"),
    "visit": gettext_lazy("Do not visit this address"),
}
_WHY: Words = {
    "person": gettext_lazy("the customer’s flags forbid it (representative only, nobody, or by permission)"),
    "hold": gettext_lazy("a hold stops contact about the debt"),
    "opt-out": gettext_lazy("the customer asked not to be contacted there in this way"),
    "contact-point": gettext_lazy("it is not proved to be the customer’s own, permitted and right"),
    "third-person": gettext_lazy(
        "third persons are only asked how to reach the customer, when calls to the customer fail, and never after a no"
    ),
    "contact-hours": gettext_lazy("it is outside the hours of contact"),
    "calls-a-day": gettext_lazy("the calls of this day are used up"),
    "unanswered-a-day": gettext_lazy("this number was tried often enough today"),
    "calls-a-week": gettext_lazy("the calls about this debt within seven days are used up"),
    "conversation-pause": gettext_lazy("the customer was spoken to about this debt within seven days"),
    "messages": gettext_lazy("enough of these went out already"),
    "fail-closed": gettext_lazy("something that the rules need is not known or not understood"),
}


def say(
    verdict: Answered,
    *,
    point: ContactPoint | None = None,
    channel: str = "voice",
    flags: str = "",
    shared: bool = False,
) -> str:
    """The answer in a sentence, in the reader's language and time: may it be, how often still, until or from when.

    With the `point`, what is wrong with it is said as well (`shared`: another customer has it too); with `flags`
    (`say_flags`), which flags of the person forbid it.
    """
    if verdict.allowed:
        if verdict.rule == "inbound":
            return _("The customer came to us: this is always allowed.")
        yes = str(_YES.get(channel, _("You may make this contact now")))
        if point and channel == "voice" and (whose := _WHOSE.get(point.relationship)):
            yes = f"{yes} {whose}"
        parts = [part for part in (_left(verdict), _closes(verdict)) if part]
        if parts:
            return _("%(yes)s: %(more)s.") % {"yes": yes, "more": _("; ").join(parts)}
        return _("%(yes)s.") % {"yes": yes}
    no = str(_NO.get(channel, _("Do not make this contact")))
    why = _wrong_with(point, shared=shared) if point and verdict.rule == "contact-point" else ""
    if verdict.rule == "person":
        why = flags
    why = why or str(_WHY.get(verdict.rule, verdict.rule))
    if verdict.next_allowed_at is None:
        return _("%(no)s: %(why)s.") % {"no": no, "why": why}
    return _("%(no)s now: %(why)s. Allowed again %(when)s.") % {
        "no": no,
        "why": why,
        "when": _moment(verdict.next_allowed_at),
    }


def say_kept(until: datetime) -> str:
    """To who may call: that the place of her call is hers."""
    return _("You may call this number now: your place is kept until %(time)s.") % {"time": _time(until)}


def say_about_to_call(name: str, until: datetime, *, refused: bool) -> str:
    """To everybody else: who holds a place for a call, and that it is in the way, if it is."""
    said = _("%(name)s is about to call until %(time)s.") % {"name": name, "time": _time(until)}
    return _("Do not call this number now: %(why)s") % {"why": said} if refused else said


def _time(at: datetime) -> str:
    return date_format(timezone.localtime(at), "H:i")


# What to do about the flags that a list of the rule names, the gravest list first.
_FLAGGED: Words = {
    "nobody": gettext_lazy("nobody is contacted until the flag is ended; leave the case to a supervisor"),
    "representative_only": gettext_lazy("contact the representative only, at the representative’s contact point"),
    "permission": gettext_lazy("only who may contact vulnerable customers does; ask a supervisor to assign the case"),
}


def say_flags(flags: Iterable[tuple[str, str]], rule: Rule | None, *, represented: bool) -> str:
    """Which of the flags (kind, first day) forbid a contact under the rule of persons, and what to do; blank: none.

    Without a first day: reported and not placed yet. `represented`: a contact point of a representative is known.
    """
    parameters = rule.parameters if rule is not None else {}
    kinds = dict(FlagKind.choices)
    for list_name, what in _FLAGGED.items():
        found = [(kind, day) for kind, day in flags if kind in parameters.get(list_name, ())]
        if not found:
            continue
        named = listed(
            (_("%(flag)s since %(day)s") if day else _("%(flag)s (told of in a contact, flag not placed yet)"))
            % {"flag": kinds.get(kind, kind), "day": day}
            for kind, day in found
        )
        if list_name == "representative_only" and not represented:
            what = _("contact the representative only: none is known, add the representative’s contact point")
        return _("%(flags)s: %(what)s") % {"flags": named, "what": what}
    return ""


def say_source(verdict: Answered, rule: Rule | None) -> str:
    """Under which dated rule that was answered, and where the rule comes from; without a rule, that there was none to read."""
    if rule is None:
        return _("No rule could be read or decided on what is known: what is not known is refused.")
    text = (
        _(
            "Every rule allows, last “%(rule)s” (%(code)s), version %(version)s, in force from %(day)s. Source: %(source)s"
        )
        if verdict.allowed
        else _("Refused by “%(rule)s” (%(code)s), version %(version)s, in force from %(day)s. Source: %(source)s")
    )
    return text % {
        "rule": RULE_NAMES.get(rule.code, rule.code),
        "code": f"{rule.pack}/{rule.code}",
        "version": rule.version,
        "day": rule.effective_from.isoformat(),
        "source": source_in_words(rule.source),
    }


def _left(verdict: Answered) -> str:
    left, most = getattr(verdict, "left", None), getattr(verdict, "most", None)
    if left is None or most is None:
        return ""
    cap, days = getattr(verdict, "cap", ""), getattr(verdict, "days", 1)
    numbers = {"left": left, "most": most, "days": days}
    if cap == "unanswered-a-day":
        return (
            ngettext(
                "%(left)s of %(most)s attempt at this number left today",
                "%(left)s of %(most)s attempts at this number left today",
                most,
            )
            % numbers
        )
    if cap == "messages" and days == 1:
        return ngettext("%(left)s of %(most)s left today", "%(left)s of %(most)s left today", most) % numbers
    if cap == "messages":
        return (
            ngettext("%(left)s of %(most)s left in %(days)s days", "%(left)s of %(most)s left in %(days)s days", most)
            % numbers
        )
    if days == 1 and left == most:
        said = ngettext("%(left)s call left today", "%(left)s calls left today", left) % numbers
    elif days == 1:
        said = ngettext("%(left)s of %(most)s call left today", "%(left)s of %(most)s calls left today", most) % numbers
    if days == 1 and getattr(verdict, "fewer", False):
        hardship = ngettext("hardship: %(most)s call a day", "hardship: %(most)s calls a day", most) % numbers
        return _("%(said)s (%(why)s)") % {"said": said, "why": hardship}
    if days == 1:
        return said
    return (
        ngettext(
            "%(left)s of %(most)s call left in %(days)s days", "%(left)s of %(most)s calls left in %(days)s days", most
        )
        % numbers
    )


def _closes(verdict: Answered) -> str:
    """When the hours end, on the reader's clock; on the customer's too where that shows another time."""
    at: datetime | None = getattr(verdict, "closes_at", None)
    if at is None:
        return ""
    here, there = timezone.localtime(at), at.astimezone(ZoneInfo(getattr(verdict, "time_zone", "UTC")))
    text = _("closes at %(time)s") % {"time": date_format(here, "H:i")}
    if here.utcoffset() == there.utcoffset():
        return text
    return _("%(closes)s (%(time)s where the customer lives)") % {"closes": text, "time": date_format(there, "H:i")}


def _moment(at: datetime) -> str:
    """A moment to come on the reader's clock: the time alone today, "tomorrow" or the date else."""
    here, today = timezone.localtime(at), timezone.localdate(clock.now())
    time = date_format(here, "H:i")
    if here.date() == today:
        return _("today at %(time)s") % {"time": time}
    if here.date() == today + timedelta(days=1):
        return _("tomorrow at %(time)s") % {"time": time}
    return _("on %(date)s at %(time)s") % {"date": date_format(here.date(), "DATE_FORMAT"), "time": time}


def _wrong_with(point: ContactPoint, *, shared: bool) -> str:
    """What keeps a contact point from being used, the gravest first; blank where it is none of these."""
    if point.verification == "wrong":
        return _("it is marked wrong (another’s, out of service, or a third person refused there) until it is verified")
    if not point.relationship:
        return _("nobody knows whose it is")
    if point.relationship == "representative":
        return _("the representative speaks for the customer only while a flag says so")
    if point.permitted is None:
        return _("whether its use is permitted is not known")
    if not point.permitted:
        return _("its use is not permitted")
    if not point.source.strip():
        return _("nobody knows where it comes from")
    if point.verification == "unverified":
        if shared:
            return _("another customer has it too: have it verified whose it is, or use another")
        return _(
            "nobody verified it yet, and this way of contact takes verified ones only: have it verified, or use another"
        )
    return ""


def say_senseless(why: Senseless) -> str:
    """What is wrong with a rule's parameters."""
    return _(why.text) % {
        name: value if isinstance(value, str | int) else listed(value) for name, value in why.values.items()
    }
