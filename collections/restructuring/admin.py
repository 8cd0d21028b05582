"""The dated rules of plans, to add to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from cases.admin import DatedForm, TermsAdmin
from restructuring.models import PlanRule
from restructuring.services.rules import RULE, add_plan_rule


@admin.register(PlanRule)
class PlanRuleAdmin(TermsAdmin):
    form = DatedForm
    entered = shown = ["effective_from", *RULE]
    list_display = ["effective_from", "most_months", "annual_cap", "most_discount", "grace_days", "breach_after"]

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> PlanRule:
        return add_plan_rule(actor=request.user, **values)
