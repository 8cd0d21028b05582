"""The worklist and the case page."""

from cases.views.actions import act
from cases.views.case import case
from cases.views.evidence import evidence
from cases.views.lists import worklist
from cases.views.verbs import VERBS

__all__ = ["VERBS", "act", "case", "evidence", "worklist"]
