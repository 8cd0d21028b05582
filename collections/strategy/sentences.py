"""What is wrong with a rule, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.models import RiskClass
from reminders.models import MessageKind
from runs.said import said_label, said_list
from strategy.rules import Fault

_SENTENCES: Mapping[str, str | Promise] = {
    "days-from": gettext_lazy("Day %(days)s is too early: the message leaves the morning after. Enter 1 or more."),
    "days-ahead": gettext_lazy("Of what is still to come, enter a last day, at most %(most)s."),
    "days-order": gettext_lazy("The last day, %(last)s, lies before the first, %(first)s. Exchange them."),
    "unknown": gettext_lazy("There is no “%(values)s”. Choose from: %(known)s."),
    "amount-currency": gettext_lazy("Choose in which currency the amounts are: they are never converted."),
    "amount-negative": gettext_lazy("%(amount)s is below 0, and no account owes so little. Enter 0 or more."),
    "amount-order": gettext_lazy("The highest amount is below the lowest. Exchange them."),
    "not-late": gettext_lazy("What is not late yet has none. Leave this empty, or count from the days past due."),
    "promise-open": gettext_lazy("Before a promised payment the promise is open. Choose “open” or “any”."),
    "message-only": gettext_lazy(
        "Before the due date one can only write: nobody works or freezes what is not late. Choose “write”."
    ),
    "no-template": gettext_lazy("Choose at least one template."),
    "no-message": gettext_lazy("Templates are for writing. Leave this empty, or choose “write”."),
    "many-templates": gettext_lazy("These are %(count)s templates; at most %(most)s are tried. Take some off."),
    "twice": gettext_lazy("A template stands here twice. Take one off."),
    "template-kind": gettext_lazy(
        "“%(name)s” is about “%(kind)s”, which is not what the rule's days count to. Choose a template about: %(fitting)s."
    ),
    "notice-kind": gettext_lazy(
        "“%(name)s” is about “%(kind)s”. A report is announced by a notice that the law demands: choose such a template."
    ),
    "notice-late": gettext_lazy("A report is announced to who is late. Count from the days past due."),
    "unapproved": gettext_lazy(
        "No version of “%(name)s” is approved yet. Have one approved, or choose another template."
    ),
    "never-there": gettext_lazy(
        "Fits nobody: on the rule's days past due no account is in %(spans)s, unless it is in a plan. "
        "Change the days, or this condition."
    ),
    "some-never-there": gettext_lazy(
        "On the rule's days past due no account is in %(spans)s, unless it is in a plan. Change the days, or take it off."
    ),
    "amount-nothing": gettext_lazy(
        "At most 0 fits nobody: every amount asked about is above it. Enter a higher amount, or none."
    ),
    "no-queue": gettext_lazy("Choose the queue in which the call is asked for."),
    "no-call": gettext_lazy("A queue is for calls. Leave this empty, or choose “have called”."),
    "queue-hides-calls": gettext_lazy(
        "This queue does not show calls asked for. Choose one whose filters have “Call asked for”."
    ),
}


def say_fault(fault: Fault) -> str:
    """The sentence for a fault."""
    values = dict(fault.values)
    for name in ("values", "known"):
        if name in values:
            values[name] = said_list(values[name]) or "–"
    if "kind" in values:
        values["kind"] = MessageKind(values["kind"]).label
        values["fitting"] = said_list(MessageKind(one).label for one in values["fitting"])
    if "spans" in values:
        values["spans"] = said_list(_with_days(code, *days) for code, days in values["spans"].items())
    return said_label(_SENTENCES[fault.code]) % values


def _with_days(code: str, first: int, last: int | None) -> str:
    """A bucket or class with its days past due."""
    label = RiskClass(code).label if code in RiskClass.values else code
    return f"{label} ({first})" if first == last else f"{label} ({first}–{'∞' if last is None else last})"
