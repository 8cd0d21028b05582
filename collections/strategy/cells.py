"""The figures of a simulation as rows of a file, in the reader's language: what is counted, of what, and how many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.models import Channel
from compliance.sentences import RULE_NAMES
from reminders.models import MessageStatus
from strategy.models import Action, Arm

Row = tuple[Any, ...]

# What is counted of a simulation, and of what really happened.
FIGURES: Mapping[str, str | Promise] = {
    "sent": gettext_lazy("Messages queued"),
    "withheld": gettext_lazy("Withheld by the gate"),
    "held_out": gettext_lazy("Held out"),
    "call": gettext_lazy("Calls asked for"),
    "proposed": gettext_lazy("Proposed"),
}
PEOPLE = gettext_lazy("People with a message")
_UNAPPROVED = gettext_lazy("Without approved words")


def cells(result: Mapping[str, Any]) -> Iterator[Row]:
    """Every figure of a simulation's result: all together, beside what really happened, and by day, hour, channel, rule, arm."""
    figures = {"people": PEOPLE, **FIGURES}
    really = result["really"]
    for name, label in figures.items():
        yield (_("Simulated"), "", label, result[name])
        yield (_("Really"), "", label, really.get(name, 0))
    became = dict(MessageStatus.choices)
    yield from ((_("Really"), became[status], FIGURES["sent"], number) for status, number in really.get("became", ()))
    yield (_("Simulated"), "", _UNAPPROVED, result.get("unapproved", 0))
    for day, *counts in result["by_day"]:
        yield from ((_("By day"), day, label, n) for label, n in zip(FIGURES.values(), counts, strict=True))
    channels = dict(Channel.choices)
    yield from _of(_("By hour, where the person lives"), result["by_hour"], {})
    yield from _of(_("How often each person would have been written to"), result["contacts_each"], {})
    yield from _of(_("By channel"), result["by_channel"], channels)
    yield from ((_("Withheld, by the gate's rule"), refusal(rule), "", number) for rule, number in result["by_refusal"])
    yield from _of(_("Proposed"), result["proposals"], dict(Action.choices))
    for rule in result["by_rule"]:
        name = f"{rule['version']} {rule['code']}"
        yield from ((_("By rule"), name, label, rule[key]) for key, label in FIGURES.items())
        yield (_("By rule"), name, _UNAPPROVED, rule.get("unapproved", 0))
    for arm in result["by_arm"]:
        yield from ((_("By arm"), Arm(arm["arm"]).label, label, arm[key]) for key, label in figures.items())
    yield from ((_("Cost"), channels.get(code, code), currency, total) for code, currency, total in result["cost"])
    # What was simulated before this was counted does not say.
    yield from _of(_("Without a price"), result.get("unpriced", []), channels)


def refusal(rule: str) -> str:
    """What a refusal is called: the gate's rule, or that there was no way to ask for."""
    return _("No way was open") if rule == "no-way" else str(RULE_NAMES.get(rule, rule))


def _of(what: str, counted: Any, labels: Mapping[str, Any]) -> Iterator[Row]:
    return ((what, labels.get(one, one), "", number) for one, number in counted)
