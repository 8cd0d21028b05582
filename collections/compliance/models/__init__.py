"""The one gate that every contact passes, the register of contacts that it counts, and what bears on them."""

from compliance.models.complaints import Complaint, ComplaintReason, ComplaintStatus, ComplaintTerms
from compliance.models.gate import Channel, ContactDecision, ContactRule, Purpose
from compliance.models.people import ContactAgreement, CustomerFlag, FlagKind, OptOut
from compliance.models.register import Contact, Direction, MadeBy, Outcome, Recording

__all__ = [
    "Channel",
    "Complaint",
    "ComplaintReason",
    "ComplaintStatus",
    "ComplaintTerms",
    "Contact",
    "ContactAgreement",
    "ContactDecision",
    "ContactRule",
    "CustomerFlag",
    "Direction",
    "FlagKind",
    "MadeBy",
    "OptOut",
    "Outcome",
    "Purpose",
    "Recording",
]
