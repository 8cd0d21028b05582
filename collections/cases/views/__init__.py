"""The worklist and the case page."""

from cases.views.case import case
from cases.views.evidence import evidence
from cases.views.lists import worklist

__all__ = ["case", "evidence", "worklist"]
