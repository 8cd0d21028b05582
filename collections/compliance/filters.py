"""How the register of complaints is narrowed."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from compliance.models import Channel, Complaint, ComplaintReason, ComplaintStatus
from compliance.permissions import handlers
from runs import clock
from runs.forms import DayInput, PlainForm
from staff.models import User


def _handlers(request: HttpRequest | None) -> QuerySet[User]:
    return handlers()


def _staff(request: HttpRequest | None) -> QuerySet[User]:
    return User.objects.filter(is_staff=True).order_by("display_name", "username")


class ComplaintFilter(django_filters.FilterSet):
    """Which complaints: in which state, about what and whom, whose to answer, overdue or not."""

    q = django_filters.CharFilter(method="by_reference", label=_("Complaint or customer"))
    status = django_filters.ChoiceFilter(choices=ComplaintStatus, label=_("State"), empty_label=_("Any"))
    reason = django_filters.ChoiceFilter(choices=ComplaintReason, label=_("Reason"), empty_label=_("Any"))
    channel = django_filters.ChoiceFilter(choices=Channel, label=_("Came by"), empty_label=_("Any"))
    handler = django_filters.ModelChoiceFilter(queryset=_handlers, label=_("Handled by"), empty_label=_("Anybody"))
    unhandled = django_filters.BooleanFilter(
        "handler", "isnull", label=_("Nobody's yet"), widget=forms.CheckboxInput, method="only"
    )
    about = django_filters.ModelChoiceFilter(queryset=_staff, label=_("About"), empty_label=_("Anybody"))
    overdue = django_filters.BooleanFilter(label=_("Overdue only"), widget=forms.CheckboxInput, method="past_deadline")
    received_from = django_filters.DateFilter("received_on", "gte", label=_("Received from"), widget=DayInput())
    received_to = django_filters.DateFilter("received_on", "lte", label=_("Received to"), widget=DayInput())

    class Meta:
        form = PlainForm
        model = Complaint
        fields: tuple[str, ...] = ()

    def by_reference(self, queryset: QuerySet[Complaint], name: str, value: str) -> QuerySet[Complaint]:
        """By the beginning of the complaint's or the customer's reference."""
        words = value.strip()
        ours = Complaint.objects.order_by().filter(ref__startswith=words.upper()).values("pk")
        customers = Customer.objects.order_by().filter(ref__startswith=words).values("pk")
        theirs = Complaint.objects.order_by().filter(customer__in=customers).values("pk")
        return queryset.filter(pk__in=ours.union(theirs))

    def only(self, queryset: QuerySet[Complaint], name: str, value: bool) -> QuerySet[Complaint]:
        """Unticked asks for nothing."""
        return queryset.filter(handler__isnull=True, status=ComplaintStatus.OPEN) if value else queryset

    def past_deadline(self, queryset: QuerySet[Complaint], name: str, value: bool) -> QuerySet[Complaint]:
        """Open, and their day to be answered is over."""
        return queryset.filter(status=ComplaintStatus.OPEN, due_on__lt=clock.today()) if value else queryset


def by_urgency(queryset: QuerySet[Complaint]) -> QuerySet[Complaint]:
    """The open ones first, by their deadline; then the closed ones, the latest first."""
    is_closed = Case(When(status=ComplaintStatus.OPEN, then=Value(0)), default=Value(1))
    return queryset.order_by(is_closed, Case(When(status=ComplaintStatus.OPEN, then="due_on")), "-closed_at", "-pk")
