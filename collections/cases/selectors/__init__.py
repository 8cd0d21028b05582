"""Reads: the worklist, a case's debts, and its timeline."""

from cases.selectors.contacts import ContactPointView
from cases.selectors.debts import AccountView, BillView, debts
from cases.selectors.timeline import Entry, timeline
from cases.selectors.why import why
from cases.selectors.worklist import Tally, days_past_due, open_cases, page_of, tally, totals

__all__ = [
    "AccountView",
    "BillView",
    "ContactPointView",
    "Entry",
    "Tally",
    "days_past_due",
    "debts",
    "open_cases",
    "page_of",
    "tally",
    "timeline",
    "totals",
    "why",
]
