"""The pure core of the book: how money meets bills, and how late an account stands.

No ORM, no clock, no settings. Inside, money is integer cents and days are proleptic ordinals (`date.toordinal()`), because
the whole book streams through here every time it is verified; dates and `Decimal` are turned at the edge.
"""

from accounts.rules.facts import (
    Acceleration,
    Bill,
    Credit,
    Hold,
    Known,
    Watch,
    cents,
    day,
    moment,
    money,
    ordinal,
    to_date,
)
from accounts.rules.judge import HowLate, judge
from accounts.rules.replay import replay
from accounts.rules.split import Touched, split
from accounts.rules.standing import standing
from accounts.rules.states import RATE_UNIT, BillState, Replay
from accounts.rules.terms import AllocationRule, BucketTable, DatedTerms, RiskTable, Terms

__all__ = [
    "RATE_UNIT",
    "Acceleration",
    "AllocationRule",
    "Bill",
    "BillState",
    "BucketTable",
    "Credit",
    "DatedTerms",
    "Hold",
    "HowLate",
    "Known",
    "Replay",
    "RiskTable",
    "Terms",
    "Touched",
    "Watch",
    "cents",
    "day",
    "judge",
    "moment",
    "money",
    "ordinal",
    "replay",
    "split",
    "standing",
    "to_date",
]
