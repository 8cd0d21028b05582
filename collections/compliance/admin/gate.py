"""The gate's rules, to add to; and its decisions, to read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from compliance import services
from compliance.models import ContactDecision, ContactRule
from compliance.rules import PACKS


class NewRule(forms.ModelForm):
    """The next version of a rule; the version's number is the service's to give."""

    code = forms.ChoiceField(
        label=_("Rule"), choices=[(code, code) for code in sorted({code for codes in PACKS.values() for code in codes})]
    )

    class Meta:
        model = ContactRule
        fields = ["code", "effective_from", "parameters", "source"]

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if values and not self.errors:
            services.check_rule(**{name: values[name] for name in ("code", "effective_from", "parameters")})
        return values


@admin.register(ContactRule)
class ContactRuleAdmin(admin.ModelAdmin):
    form = NewRule
    list_display = ["code", "version", "pack", "effective_from", "parameters", "source"]
    list_filter = ["code"]
    search_fields = ["code", "source"]

    def save_model(self, request: HttpRequest, obj: ContactRule, form: forms.ModelForm, change: bool) -> None:
        """Through the service, like every change of state."""
        saved = services.add_rule(actor=request.user, **form.cleaned_data)
        obj.pk, obj.version = saved.pk, saved.version

    def has_change_permission(self, request: HttpRequest, obj: ContactRule | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ContactRule | None = None) -> bool:
        return False


@admin.register(ContactDecision)
class ContactDecisionAdmin(admin.ModelAdmin):
    list_display = [
        "decided_at",
        "customer",
        "channel",
        "purpose",
        "at",
        "allowed",
        "rule",
        "rule_version",
        "actor_name",
    ]
    list_filter = ["allowed", "channel", "rule"]
    list_select_related = ["customer"]
    search_fields = ["=customer__ref"]
    search_help_text = _("Customer reference, whole")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ContactDecision | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ContactDecision | None = None) -> bool:
        return False
