"""The terms of the work and of disputes, to add to; promises, disputes and notes, to read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import BookForm, EntryAdmin, ReadAdmin, ReadInline
from accounts.models import HoldKind
from cases.models import Case, Dispute, DisputeTerms, Note, Promise, PromiseInstalment, WorkTerms
from cases.permissions import visible_to
from cases.services import terms
from cases.services.terms import WORK

AHEAD = _("Tomorrow or later. What was decided until then stays as it is.")


class DatedForm(BookForm):
    """A row in force from a date on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "effective_from" in self.fields:
            self.fields["effective_from"].help_text = AHEAD


class DisputeTermsForm(DatedForm):
    """What may be paused; a deferral may not: it needs a supervisor each time."""

    pauses = forms.MultipleChoiceField(
        label=_("pauses"),
        choices=[choice for choice in HoldKind.choices if choice[0] != HoldKind.DEFERRAL],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class TermsAdmin(EntryAdmin):
    """Dated rows, few enough to search by any word of their source."""

    search_fields = ["source"]
    search_help_text = _("A word of the source")

    def found_by(self, term: str) -> Q:
        return Q(source__icontains=term)


@admin.register(WorkTerms)
class WorkTermsAdmin(TermsAdmin):
    form = DatedForm
    entered = shown = ["effective_from", *WORK]
    list_display = ["effective_from", *WORK]

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> WorkTerms:
        return terms.add_work_terms(actor=request.user, **values)


@admin.register(DisputeTerms)
class DisputeTermsAdmin(TermsAdmin):
    form = DisputeTermsForm
    entered = shown = ["reason", "effective_from", "pauses", "answer_days", "source"]
    list_display = ["reason", "effective_from", "pauses", "answer_days", "source"]
    list_filter = ["reason"]

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> DisputeTerms:
        return terms.add_dispute_terms(actor=request.user, **values)


class OfCaseAdmin(ReadAdmin):
    """Rows of a case, found by its reference, whole."""

    search_fields = ["=case__ref"]
    search_help_text = _("Case reference, whole")
    list_select_related = ["case"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(case__in=visible_to(request.user))

    def found_by(self, term: str) -> Q:
        return Q(case__in=list(Case.objects.filter(ref=term).values_list("pk", flat=True)))


class InstalmentInline(ReadInline):
    model = PromiseInstalment
    fields = ["number", "due_on", "amount", "status", "got"]
    show_change_link = False


@admin.register(Promise)
class PromiseAdmin(OfCaseAdmin):
    fields = [
        *("case", "account", "contact", "currency", "amount", "made_on", "made_at", "taken_by_name", "note"),
        *("status", "got", "judged_on", "closed_at"),
    ]
    inlines = [InstalmentInline]
    list_display = ["made_on", "case", "amount", "currency", "status", "got", "judged_on", "taken_by_name"]
    list_filter = ["status", "currency"]


@admin.register(Dispute)
class DisputeAdmin(OfCaseAdmin):
    fields = [
        *("case", "account", "contact", "reason", "statement", "opened_on", "opened_at", "opened_by_name", "due_on"),
        *("status", "answer", "closed_at", "closed_by_name"),
    ]
    list_display = ["opened_on", "case", "reason", "due_on", "status", "opened_by_name", "closed_by_name"]
    list_filter = ["status", "reason"]


@admin.register(Note)
class NoteAdmin(OfCaseAdmin):
    fields = ["case", "at", "author_name", "text"]
    list_display = ["at", "case", "author_name"]
