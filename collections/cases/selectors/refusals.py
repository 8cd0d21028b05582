"""What the gate refused to people, as the board counts it and as its list shows it."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import OuterRef, QuerySet, Subquery

from cases.permissions import visible_to
from cases.selectors.people import on_the_board
from compliance.models import ContactDecision
from runs import clock
from staff.models import User
from staff.permissions import scope_of


def refusals(user: User, day: date, *, person: User | None = None, rule: str = "") -> QuerySet[ContactDecision]:
    """The decisions of `day` by which the gate refused a contact to somebody whom `user` has on the board, with `case_ref`: the
    customer's case of that moment, none where `user` does not see it. Batches' refusals are nobody's and not among them.

    One day's are found by index, whatever was decided on others.
    """
    found = ContactDecision.objects.filter(
        allowed=False,
        actor__isnull=False,
        decided_at__gte=clock.begins(day),
        decided_at__lt=clock.begins(day + timedelta(days=1)),
    )
    if person is not None:
        found = found.filter(actor=person)
    elif not scope_of(user).everything:
        found = found.filter(actor__in=on_the_board(user).order_by().values("pk"))
    if rule:
        found = found.filter(rule=rule)
    cases = visible_to(user).filter(customer=OuterRef("customer"), opened_at__lte=OuterRef("decided_at"))
    return found.select_related("customer", "actor").annotate(
        case_ref=Subquery(cases.order_by("-opened_at", "-pk").values("ref")[:1])
    )
