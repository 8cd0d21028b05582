"""The register, to read: contacts, flags, agreed hours, recordings, complaints. And the deadlines of complaints, to add to.

Everything is entered on the pages of the workbench, by services that check it; nothing here can be changed.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ReadersAdmin
from accounts.errors import BookError
from compliance.models import (
    Complaint,
    ComplaintTerms,
    Contact,
    ContactAgreement,
    CustomerFlag,
    OptOut,
    Recording,
)
from compliance.permissions import complaints_visible_to
from compliance.services.complaints import add_terms, check_terms
from runs.forms import SaysWhatIsMissing


class ReadOnlyAdmin(ReadersAdmin):
    """A list with filters and pages to read; found by a customer's whole reference, on an index."""

    search_fields = ["=customer__ref"]
    search_help_text = _("Customer reference, whole")
    show_full_result_count = False
    list_select_related = ["customer"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Contact)
class ContactAdmin(ReadOnlyAdmin):
    list_display = ["at", "customer", "channel", "direction", "outcome", "made_by", "actor_name", "seconds"]
    list_filter = ["channel", "direction", "outcome", "made_by"]


@admin.register(CustomerFlag)
class CustomerFlagAdmin(ReadOnlyAdmin):
    list_display = ["customer", "kind", "from_on", "until_on", "placed_by_name", "ended_at", "ended_by_name"]
    list_filter = ["kind", ("ended_at", admin.EmptyFieldListFilter)]
    # A document leaves by its own page alone, which records who fetched it.
    exclude = ["evidence_file"]


@admin.register(ContactAgreement)
class ContactAgreementAdmin(ReadOnlyAdmin):
    list_display = ["customer", "opens", "closes", "from_on", "until_on", "recorded_by_name", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]


@admin.register(OptOut)
class OptOutAdmin(ReadOnlyAdmin):
    list_display = ["customer", "channel", "opted_out_at", "source", "recorded_by_name", "withdrawn_at"]
    list_filter = ["channel", ("withdrawn_at", admin.EmptyFieldListFilter)]


@admin.register(Recording)
class RecordingAdmin(ReadOnlyAdmin):
    list_display = ["contact", "name", "media_type", "size", "keep_until", "legal_hold", "removed_at", "added_by_name"]
    list_filter = ["legal_hold", ("removed_at", admin.EmptyFieldListFilter), "media_type"]
    list_select_related = ["contact"]
    search_fields = ["=contact__customer__ref", "=sha256"]
    search_help_text = _("Customer reference or SHA-256, whole")
    # A recording is listened to by its own page alone, which records who fetched it.
    exclude = ["file", "link"]


@admin.register(Complaint)
class ComplaintAdmin(ReadOnlyAdmin):
    list_display = ["ref", "customer", "reason", "received_on", "due_on", "status", "handler", "about"]
    list_filter = ["status", "reason", "channel"]
    list_select_related = ["customer", "handler", "about"]
    search_fields = ["=ref", "=customer__ref"]
    search_help_text = _("Complaint or customer reference, whole")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Complaint]:
        """Without those about the reader."""
        return super().get_queryset(request).filter(pk__in=complaints_visible_to(request.user).order_by().values("pk"))


class NewTerms(SaysWhatIsMissing, forms.ModelForm):
    """A deadline from a date on."""

    class Meta:
        model = ComplaintTerms
        fields = ["reason", "answer_days", "effective_from", "source"]

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if values and not self.errors:
            try:
                check_terms(reason=values["reason"], effective_from=values["effective_from"])
            except BookError as error:
                self.add_error("effective_from", str(error))
        return values


@admin.register(ComplaintTerms)
class ComplaintTermsAdmin(ReadersAdmin):
    form = NewTerms
    list_display = ["reason", "answer_days", "effective_from", "source"]
    list_filter = ["reason"]

    def save_model(self, request: HttpRequest, obj: ComplaintTerms, form: forms.ModelForm, change: bool) -> None:
        """Through the service, like every change of state."""
        obj.pk = add_terms(actor=request.user, **form.cleaned_data).pk

    def has_change_permission(self, request: HttpRequest, obj: ComplaintTerms | None = None) -> bool:
        return False
