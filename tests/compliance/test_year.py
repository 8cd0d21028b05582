"""Some thousands of the million contacts over a year that `bench --inside year` tries: none is made outside of the rules."""

from __future__ import annotations

from dataclasses import replace

from compliance.rules import Rulebook
from delinquency.bench.year import CHANNELS, simulate
from tests.compliance.oracle import broken
from tests.compliance.packs import INSTALLED


def test_none_is_made_outside_of_the_rules_and_none_refused_without_need() -> None:
    found = simulate(Rulebook(INSTALLED), broken, seeds=range(100))
    assert (found.outside, found.needless) == ({}, 0)
    assert found.tried > 5_000
    assert sum(found.allowed.values()) + sum(found.refused.values()) == found.tried
    assert set(found.allowed) == set(CHANNELS)
    assert set(found.refused) == {
        *("person", "hold", "opt-out", "contact-point", "third-person", "messages", "contact-hours"),
        *("calls-a-day", "unanswered-a-day", "calls-a-week", "conversation-pause"),
    }


def test_a_rule_that_is_read_too_widely_is_found() -> None:
    wider = [
        replace(rule, parameters={**rule.parameters, "closes": "22:30"}) if rule.code == "contact-hours" else rule
        for rule in INSTALLED
    ]
    assert set(simulate(Rulebook(wider), broken, seeds=range(40)).outside) == {"contact-hours"}
