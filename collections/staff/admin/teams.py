"""Teams and what they work."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.services import Values
from staff.admin.columns import NamedRows
from staff.admin.recorded import RecordedAdmin
from staff.models import Portfolio, Team
from staff.portfolios import faults_of
from staff.reactions import portfolios_changed


class PortfolioForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        """A code that there is not would take the team's cases away without a word."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        lists = {name: values.get(name) or [] for name in ("products", "buckets", "customers")}
        for name, fault in faults_of(lists).items():
            self.add_error(name, fault)
        return values


class PortfolioInline(admin.TabularInline):
    model = Portfolio
    form = PortfolioForm
    formset = NamedRows
    extra = 0
    verbose_name_plural = _("portfolios: lists separated by commas; an empty list takes in everything")


@admin.register(Team)
class TeamAdmin(RecordedAdmin):
    """A team with its portfolios. A change of what it works moves the open cases, once it is saved."""

    recorded_as = "team"
    list_display = ["name", "is_active", "member_count"]
    search_fields = ["name"]
    inlines = [PortfolioInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(_members=Count("members"))

    @admin.display(description=_("members"), ordering="_members")
    def member_count(self, team: Any) -> int:
        return team._members

    def values_of(self, row: Team) -> dict[str, Any]:
        return {
            "name": row.name,
            "is_active": row.is_active,
            "portfolios": [
                {
                    "name": one.name,
                    "position": one.position,
                    "products": one.products,
                    "buckets": one.buckets,
                    "customers": one.customers,
                }
                for one in row.portfolios.order_by("position", "id")
            ],
        }

    def changed(self, request: HttpRequest, row: Team, before: Values, after: Values) -> None:
        was, now = before or {}, after or {}
        if any(was.get(name) != now.get(name) for name in ("portfolios", "is_active")):
            portfolios_changed(actor=request.user)
