"""Plans by which a late debt is paid otherwise than billed: what was offered, agreed and asked for, and what became of it."""

from restructuring.models.agreements import Agreement, SigningCode, Way
from restructuring.models.plans import (
    LIVE,
    PROPOSED,
    SETTLED,
    Plan,
    PlanInstalment,
    PlanKind,
    PlanStatus,
    PlanTarget,
)
from restructuring.models.rules import BreachTerms, PlanRule

__all__ = [
    "LIVE",
    "PROPOSED",
    "SETTLED",
    "Agreement",
    "BreachTerms",
    "Plan",
    "PlanInstalment",
    "PlanKind",
    "PlanRule",
    "PlanStatus",
    "PlanTarget",
    "SigningCode",
    "Way",
]
