"""The ways of rules to a person: their templates in order, then the letters that stand in for notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from compliance.models import Purpose
from compliance.rules import OPT_OUT
from reminders.models import MessageKind, Template, TemplateVersion, VersionStatus
from reminders.selectors import approved_number
from strategy.models import Rule
from strategy.reaching import Way


def way_of(template: Template, version: int | None = None) -> Way:
    """A template as a way to a person, in the words of the approved version or of the one of that number.

    Raises:
        Conflict: no version of it is approved, and none was named.
    """
    purpose = Purpose.NOTICE if template.kind == MessageKind.NOTICE else Purpose.REMINDER
    number = approved_number(template.name) if version is None else version
    return Way(template.name, number, template.kind, template.channel, purpose.value)


def ways_of(rules: Mapping[int, Rule], own: Mapping[str, Way]) -> dict[int, list[Way]]:
    """The ways of each rule, by its key: those of its templates that are among `own`, in their order, and behind them, for who
    opted out of one of these, the letter that it names, if that has approved words. Two queries."""
    letters = dict(
        Template.objects.filter(name__in=own, by_letter__isnull=False).values_list("name", "by_letter__name")
    )
    approved = TemplateVersion.objects.filter(template__name__in=letters.values(), status=VersionStatus.APPROVED)
    stand_ins = {
        version.template.name: replace(way_of(version.template, version.number), instead_of=OPT_OUT)
        for version in approved.select_related("template")
    }
    return {
        key: [
            *(own[name] for name in rule.templates if name in own),
            *(
                stand_ins[letter]
                for letter in dict.fromkeys(letters[name] for name in rule.templates if name in letters)
                if letter in stand_ins and letter not in rule.templates
            ),
        ]
        for key, rule in rules.items()
    }
