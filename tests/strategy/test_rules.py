"""Which rules make sense. No database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from strategy.rules import Fault, Known, doubts_of, faults_of
from strategy.sentences import say_fault

KNOWN = Known(
    templates={"mail": "overdue", "draft": "overdue", "soon": "pre-due", "notice": "notice", "promise": "promise"},
    approved=frozenset({"mail", "soon", "notice", "promise"}),
    queues=frozenset({7}),
    products=frozenset({"plain"}),
    buckets={"M1": (1, 30), "M2": (31, 60), "M3": (61, None)},
    languages=frozenset({"en"}),
    kinds=frozenset({"single"}),
    risk_classes={"special-mention": (1, 90), "loss": (1, None)},
    currencies=frozenset({"CNY"}),
)
GOOD: dict[str, Any] = {
    "stage": "late",
    "days_from": 1,
    "days_to": None,
    "products": ["plain"],
    "buckets": ["M1"],
    "kinds": ["single"],
    "risk_classes": ["loss"],
    "languages": ["en"],
    "currency": "CNY",
    "amount_from": None,
    "amount_to": None,
    "promise": "",
    "action": "message",
    "templates": ["mail", "notice"],
    "queue_id": None,
}
AHEAD = {"days_to": 3, "buckets": [], "kinds": [], "risk_classes": []}
SOON = {**AHEAD, "stage": "before-due", "templates": ["soon"]}


def faults(**fields: Any) -> list[tuple[str, str]]:
    found = faults_of(SimpleNamespace(**{**GOOD, **fields}), KNOWN)
    for fault in found:
        assert "%" not in say_fault(fault)
    return [(fault.code, fault.place) for fault in found]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        SOON,
        {**AHEAD, "stage": "promise", "templates": ["promise"], "promise": "open"},
        {"action": "call", "templates": [], "queue_id": 7},
        {"action": "bureau-notice", "templates": ["notice"]},
    ],
    ids=str,
)
def test_these_make_sense(fields: dict[str, Any]) -> None:
    assert faults(**fields) == []


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"days_from": 0}, ("days-from", "days_from")),
        ({"days_from": 5, "days_to": 4}, ("days-order", "days_to")),
        ({**SOON, "days_to": None}, ("days-ahead", "days_to")),
        ({**SOON, "days_to": 61}, ("days-ahead", "days_to")),
        ({"products": ["plain", "gone"]}, ("unknown", "products")),
        ({"buckets": ["M9"]}, ("unknown", "buckets")),
        ({"languages": ["fr"]}, ("unknown", "languages")),
        ({"kinds": ["x"]}, ("unknown", "kinds")),
        ({"risk_classes": ["x"]}, ("unknown", "risk_classes")),
        ({"currency": "XXX"}, ("unknown", "currency")),
        ({"currency": "", "amount_from": 5}, ("amount-currency", "currency")),
        ({"amount_from": -1}, ("amount-negative", "amount_from")),
        ({"amount_from": 5, "amount_to": 4}, ("amount-order", "amount_to")),
        ({"amount_to": 0}, ("amount-nothing", "amount_to")),
        ({**SOON, "buckets": ["M1"]}, ("not-late", "buckets")),
        (
            {**AHEAD, "stage": "promise", "templates": ["promise"], "promise": "broken"},
            ("promise-open", "promise"),
        ),
        ({**SOON, "templates": [], "action": "freeze"}, ("message-only", "action")),
        ({"templates": []}, ("no-template", "templates")),
        ({"action": "bureau-notice", "templates": []}, ("no-template", "templates")),
        ({"action": "bureau-notice", "templates": ["mail"]}, ("notice-kind", "templates")),
        (
            {**AHEAD, "stage": "promise", "promise": "", "action": "bureau-notice", "templates": ["notice"]},
            ("notice-late", "stage"),
        ),
        ({"action": "plan"}, ("no-message", "templates")),
        ({"templates": ["mail", "mail"]}, ("twice", "templates")),
        ({"templates": ["gone"]}, ("unknown", "templates")),
        ({"templates": ["soon"]}, ("template-kind", "templates")),
        ({**SOON, "templates": ["mail"]}, ("template-kind", "templates")),
        ({"templates": ["draft"]}, ("unapproved", "templates")),
        ({"action": "call", "templates": []}, ("no-queue", "queue")),
        ({"queue_id": 7}, ("no-call", "queue")),
        ({"action": "call", "templates": [], "queue_id": 8}, ("queue-hides-calls", "queue")),
    ],
    ids=str,
)
def test_these_do_not(fields: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(**fields) == [fault]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"days_from": 30}, []),
        ({"days_from": 31}, [("never-there", "buckets", ["M1"])]),
        ({"days_from": 31, "buckets": ["M1", "M2"]}, [("some-never-there", "buckets", ["M1"])]),
        ({"days_to": 30, "buckets": ["M2", "M3"]}, [("never-there", "buckets", ["M2", "M3"])]),
        ({"days_to": 31, "buckets": ["M2"]}, []),
        ({"days_from": 400, "buckets": ["M3"]}, []),
        ({"buckets": [], "days_from": 90, "risk_classes": ["special-mention"]}, []),
        (
            {"buckets": [], "days_from": 91, "risk_classes": ["special-mention", "loss"]},
            [("some-never-there", "risk_classes", ["special-mention"])],
        ),
        # Worse than the days say one may be by another account of hers.
        ({"buckets": [], "days_to": 3, "risk_classes": ["loss"]}, []),
        # Before a promised payment the days are others.
        ({"stage": "promise", "days_from": 31, "days_to": 40}, []),
    ],
    ids=str,
)
def test_conditions_that_nobody_meets_are_doubted(
    fields: dict[str, Any], found: list[tuple[str, str, list[str]]]
) -> None:
    doubts = doubts_of(SimpleNamespace(**{**GOOD, **fields}), KNOWN)
    assert [(one.code, one.place, list(one.values["spans"])) for one in doubts] == found


def test_a_doubt_says_which_days_a_bucket_and_a_class_have() -> None:
    spans = {"M1": (1, 30), "loss": (361, None)}
    assert "M1 (1–30), Loss (361–∞)" in say_fault(Fault("never-there", "buckets", {"spans": spans}))


def test_a_sentence_says_the_value_and_what_there_is() -> None:
    said = say_fault(Fault("unknown", "products", {"values": ["gone"], "known": ["plain", "revolving"]}))
    assert said == "There is no “gone”. Choose from: plain, revolving."
