"""Money that is nobody's goes back to who sent it: asked for by one person, decided by another."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.models import UnmatchedPayment
from accounts.services import unmatched
from approvals import services as approvals
from approvals.kinds import Kind
from approvals.models import OPEN, Request
from staff.models import LimitKind, User


class GiveBack(Kind):
    """A payment that matched no account, returned. Until it is decided it may still be matched; then it stays here."""

    code = "give-back"
    label = gettext_lazy("Give a payment back")
    ask_permission = unmatched.MATCH
    decide_permission = "accounts.decide_money"
    # Of no currency, since nobody knows the account: the limit's row has none either.
    limit = LimitKind.REFUND
    about_customers = False
    template = "desk/_give_back_request.html"
    valid_for = timedelta(days=7)

    def check(self, request: Request) -> None:
        unmatched.check_waits(UnmatchedPayment.objects.get(pk=request.subject_id))

    def apply(self, request: Request, *, actor: User) -> None:
        unmatched.give_back(actor=actor, unmatched_id=request.subject_id, reason=request.reason[:300])

    def url(self, request: Request) -> str:
        return reverse("unmatched-payment", args=[request.subject_id])

    def change_url(self, request: Request) -> str:
        return self.url(request)


@transaction.atomic
def ask(*, actor: User, unmatched_id: int, reason: str) -> Request:
    """Ask for a waiting payment to be given back, or again where that was sent back. Locks nothing: what is decided about the
    payment meanwhile has the approval refused.

    Raises:
        PermissionDenied, Invalid, Conflict: as `approvals.services.ask`.
    """
    row = UnmatchedPayment.objects.get(pk=unmatched_id)
    return approvals.ask_anew(
        actor=actor,
        kind=GiveBack.code,
        subject=row,
        payload={},
        preview={
            "amount": row.amount,
            "account_ref": row.account_ref,
            "effective_on": row.effective_on,
            "channel": row.channel,
        },
        reason=reason,
        amount=row.amount,
    )


def with_asked(rows: QuerySet[UnmatchedPayment]) -> QuerySet[UnmatchedPayment]:
    """The rows, each with `is_asked_back`: whether its giving back waits for a decision."""
    asked = Request.objects.filter(
        kind=GiveBack.code, subject_type="unmatchedpayment", subject_id=OuterRef("pk"), status__in=OPEN
    )
    return rows.annotate(is_asked_back=Exists(asked))
