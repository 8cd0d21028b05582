"""Policies of waivers, to add to; waivers themselves are asked for on a case, and read here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import BookForm, EntryAdmin
from accounts.models import Product
from waivers.models import ReasonCode, WaiverPolicy
from waivers.services import policies
from waivers.services.policies import TERMS


class PolicyForm(BookForm):
    """A row in force from a date on."""

    reasons = forms.MultipleChoiceField(
        label=_("reasons"),
        choices=ReasonCode,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None chosen: any"),
    )
    products = forms.MultipleChoiceField(
        label=_("products"), widget=forms.CheckboxSelectMultiple, required=False, help_text=_("None chosen: any")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "products" in self.fields:
            field = self.fields["products"]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = [(code, code) for code in Product.objects.order_by("code").values_list("code", flat=True)]
        if "effective_from" in self.fields:
            self.fields["effective_from"].help_text = _(
                "Tomorrow or later. What was asked for until then stays as it is."
            )


@admin.register(WaiverPolicy)
class WaiverPolicyAdmin(EntryAdmin):
    form = PolicyForm
    entered = shown = ["code", "currency", "effective_from", *TERMS]
    list_display = [
        *("code", "currency", "effective_from", "title", "in_use", "repays_within_days", "first_in_months"),
        *("in_hardship", "most_percent", "yearly_cap", "automatic_up_to"),
    ]
    list_filter = ["currency", "in_use"]
    search_fields = ["code"]
    search_help_text = _("The beginning of a policy's code, or a word of its source")

    def found_by(self, term: str) -> Q:
        return Q(code__startswith=term) | Q(source__icontains=term)

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> WaiverPolicy:
        return policies.add_policy(actor=request.user, **values)
