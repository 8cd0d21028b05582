"""The pages of approvals: the inbox, one request and its documents, bulk decisions, delegations, gaps."""

from __future__ import annotations

from approvals.views.bulk import bulk, decide_many
from approvals.views.delegations import delegation_end, delegations
from approvals.views.documents import attachment
from approvals.views.gaps import gaps
from approvals.views.inbox import approvals, approvals_seen
from approvals.views.request import approval

__all__ = [
    "approval",
    "approvals",
    "approvals_seen",
    "attachment",
    "bulk",
    "decide_many",
    "delegation_end",
    "delegations",
    "gaps",
]
