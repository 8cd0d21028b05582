"""What of the register someone sees: that of the customers in her scope. And who may answer a complaint."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.permissions import customers_visible_to
from compliance.models import Complaint, Contact, CustomerFlag, Recording
from staff.models import User
from staff.permissions import Anyone, may, may_enter, scope_of

# The users' own backend: others (lock-out) have no permissions to ask for.
_BACKEND = "staff.backends.StaffBackend"


def complaints_visible_to(user: Anyone) -> QuerySet[Complaint]:
    """The complaints of the customers in `user`'s scope, and those that she handles; never one about herself."""
    others = Complaint.objects.filter(Q(about=None) | ~Q(about=user.pk))
    if scope_of(user).everything:
        return others
    return others.filter(Q(customer__in=customers_visible_to(user)) | Q(handler=user.pk))


def contacts_visible_to(user: Anyone) -> QuerySet[Contact]:
    """The contacts with the customers in `user`'s scope."""
    if scope_of(user).everything:
        return Contact.objects.all()
    return Contact.objects.filter(customer__in=customers_visible_to(user))


def recordings_visible_to(user: Anyone) -> QuerySet[Recording]:
    """The recordings of those contacts."""
    return Recording.objects.filter(contact__in=contacts_visible_to(user))


def may_hear(user: Anyone, recording_id: int) -> bool:
    """Whether `user` may listen: to every recording in her scope by permission, to what she attached herself for as long as it
    is in her scope. One query for who has no permission; for who has it, scope is for the caller to ask."""
    if may(user, "compliance.view_recording"):
        return True
    return may_enter(user) and recordings_visible_to(user).filter(pk=recording_id, added_by=user.pk).exists()


def flags_visible_to(user: Anyone) -> QuerySet[CustomerFlag]:
    """The flags of the customers in `user`'s scope."""
    return CustomerFlag.objects.filter(customer__in=customers_visible_to(user))


def staff_in_reach(user: Anyone) -> QuerySet[User]:
    """The staff whom `user` may name: everyone, or those of her teams and herself."""
    people, scope = User.objects.filter(is_staff=True), scope_of(user)
    return people if scope.everything else people.filter(Q(team__in=scope.teams) | Q(pk=user.pk))


def handlers() -> QuerySet[User]:
    """Those who work here now and may answer complaints, by name."""
    return (
        User.objects.with_perm("compliance.change_complaint", backend=_BACKEND)
        .filter(is_active=True, is_staff=True)
        .order_by("display_name", "username")
    )
