"""What is done about a late customer: the case, the queues it stands in, promises, disputes and notes on it."""

from cases.models.case import Case, CaseStatus, WaitFor
from cases.models.disputes import Dispute, DisputeReason, DisputeStatus, DisputeTerms
from cases.models.promises import Promise, PromiseInstalment, PromiseStatus
from cases.models.work import CallTask, Note, NoteFile, Queue, WorkTerms

__all__ = [
    "CallTask",
    "Case",
    "CaseStatus",
    "Dispute",
    "DisputeReason",
    "DisputeStatus",
    "DisputeTerms",
    "Note",
    "NoteFile",
    "Promise",
    "PromiseInstalment",
    "PromiseStatus",
    "Queue",
    "WaitFor",
    "WorkTerms",
]
