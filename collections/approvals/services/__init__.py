"""Every change of a request: one transaction, the row locked, an event recorded, its version moved on by one."""

from approvals.services.announcing import seen
from approvals.services.asking import ask, ask_anew, resubmit, withdraw
from approvals.services.attaching import attach
from approvals.services.bulk import ask_bulk, confirm_bulk
from approvals.services.deciding import approve, reject, send_back
from approvals.services.delegating import delegate, end_delegation
from approvals.services.expiring import expire_overdue

__all__ = [
    "approve",
    "ask",
    "ask_anew",
    "ask_bulk",
    "attach",
    "confirm_bulk",
    "delegate",
    "end_delegation",
    "expire_overdue",
    "reject",
    "resubmit",
    "seen",
    "send_back",
    "withdraw",
]
