"""Who may see which case, and which customer through it."""

from __future__ import annotations

from django.db.models import OuterRef, Q, QuerySet

from accounts.models import Customer
from cases.models import Case, CaseStatus, Queue
from staff.models import User
from staff.permissions import Anyone, may, scope_of, who_see

WORK = "cases.work_case"
VERIFY = "accounts.verify_contactpoint"
# What it takes to end what stands open on a case.
LIFT = (WORK, "accounts.change_hold")
END_DEFERRAL = (*LIFT, "accounts.place_deferral")
CLOSE_DISPUTE = ("cases.change_dispute",)


def visible_to(user: Anyone) -> QuerySet[Case]:
    """The cases that `user` may see: every one, or those of her teams and those assigned to her; none for who may not enter."""
    scope = scope_of(user)
    if scope.everything:
        return Case.objects.all()
    if not scope.teams and user.pk is None:
        return Case.objects.none()
    return Case.objects.filter(Q(team__in=scope.teams) | Q(assignee=user.pk))


def open_case_refs(user: Anyone, customer: Customer | OuterRef) -> QuerySet[Case, str]:
    """The reference of the customer's open case, if there is one whose page `user` may open: none or one."""
    if not may(user, "cases.view_case"):
        return Case.objects.none().values_list("ref", flat=True)
    found = visible_to(user).order_by().filter(customer=customer, status=CaseStatus.OPEN)
    return found.values_list("ref", flat=True)


def queues_of(user: Anyone) -> QuerySet[Queue]:
    """The queues that `user` may use: everyone's, her teams', and her own."""
    scope = scope_of(user)
    if scope.everything:
        return Queue.objects.filter(Q(owner=None) | Q(owner=user.pk))
    return Queue.objects.filter(Q(owner=None, team=None) | Q(team__in=scope.teams) | Q(owner=user.pk))


def customers_of(user: Anyone) -> QuerySet[Customer, int]:
    """The keys of the customers with a case that `user` may see (registered with `accounts.permissions`)."""
    return visible_to(user).values_list("customer_id", flat=True)  # type: ignore[return-value]  # keys, as asked for


def customers_named(ref: str) -> QuerySet[Customer, int]:
    """The key of the customer of the case of that reference (registered with `accounts.references`)."""
    return Case.objects.filter(ref=ref).order_by().values_list("customer_id", flat=True)  # type: ignore[return-value]  # keys


def who_see_customer(customer_id: int) -> QuerySet[User]:
    """The staff who see a case of the customer (registered with `accounts.permissions`)."""
    cases = Case.objects.filter(customer=customer_id).order_by()
    assigned = User.objects.filter(pk__in=cases.values("assignee"), is_active=True, is_staff=True)
    return who_see(cases.values("team")) | assigned
