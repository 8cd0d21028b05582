"""Every change of a request: one transaction, the row locked, an event recorded, its version moved on by one."""

from approvals.services.asking import ask, ask_anew, resubmit, withdraw
from approvals.services.deciding import approve, reject, send_back
from approvals.services.expiring import expire_overdue

__all__ = ["approve", "ask", "ask_anew", "expire_overdue", "reject", "resubmit", "send_back", "withdraw"]
