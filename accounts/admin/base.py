"""What every page of the book's admin does: enter through a service, show its refusal at the field, never delete.

A page names three sets of fields: `entered` when a row is made, `shown` (to read) and `amended` (to change) afterwards.
Without `amended`, a row cannot be changed at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from accounts.admin.widgets import KeyedAutocomplete, Unechoed
from accounts.errors import BookError
from accounts.identity import hidden_in
from accounts.models import Account
from accounts.tools import tools_of
from runs.forms import SaysWhatIsMissing
from runs.pages import number_in
from staff.admin.columns import grouped

# Up to so many rows a list says how many there are; beyond, what PostgreSQL expects.
COUNTED = 10_000


class EstimatingPaginator(Paginator):
    """Pages of a list that may be millions long: counting them all would take longer than showing them."""

    @cached_property
    def count(self) -> int:
        given: Any = self.object_list
        rows = given.order_by()
        counted = rows[: COUNTED + 1].count()
        if counted <= COUNTED:
            return counted
        return max(counted, int(json.loads(rows.explain(format="json"))[0]["Plan"]["Plan Rows"]))


class BookForm(SaysWhatIsMissing, forms.ModelForm):
    """A form that a service has the last word on."""

    # What the service refused when the form was sent; its page is then made a second time.
    refusal: BookError | None = None
    # The service's name of a field → the form's, where they differ.
    known_as: dict[str, str] = {}

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        for name, value in (values or {}).copy().items():
            if isinstance(value, str) and (said := hidden_in(value)):
                self.add_error(name, said)
        if self.refusal is not None:
            show_refusal(self, self.refusal, self.known_as)
        return values

    def _update_errors(self, errors: ValidationError) -> None:
        """What a model refuses as a whole is left to the services, which say at which field; the database is behind them."""
        errors.error_dict.pop(NON_FIELD_ERRORS, None)
        super()._update_errors(errors)  # type: ignore[misc]  # private to Django, not in the stubs

    def _post_clean(self) -> None:
        """At the very end: what is not echoed must be typed again, or it would be lost without a word."""
        super()._post_clean()  # type: ignore[misc]  # private to Django, not in the stubs
        if self.errors:
            for name, field in self.fields.items():
                if (
                    isinstance(field.widget, Unechoed)
                    and self.data.get(self.add_prefix(name))
                    and name not in self.errors
                ):
                    self.add_error(name, _("Enter this again: it is never shown, so it was not kept."))


def show_refusal(form: forms.BaseForm, refusal: BookError, known_as: dict[str, str] | None = None) -> None:
    """Put what a service refused at the field that is to blame, or above the form."""
    named = getattr(refusal, "field", None) or ""
    field = (known_as or {}).get(named, named)
    form.add_error(field if field in form.fields else None, str(refusal))


@dataclass(frozen=True)
class Verb:
    """Something that can be done to a row on a page of its own, with a small form.

    `perform` gets the actor, the row and the form's values, and calls one service.
    """

    name: str
    label: Any
    permission: str
    form: type[forms.Form]
    applies: Callable[[Any], bool]
    perform: Callable[[Any, Any, dict[str, Any]], object]
    done: Any


class ReadersAdmin(admin.ModelAdmin):
    """Pages for those who may read all rows, whatever else they may: what people may for the desk (place a hold, log a
    contact, answer a complaint) they do there, within their scope and limits. Nothing is ever deleted."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For those who may read all rows. Who may add or change some from a case (a hold) does it there, within her scope and
        limits."""
        return request.user.has_perm(f"{self.opts.app_label}.view_{self.opts.model_name}")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ListAdmin(ReadersAdmin):
    """A list that stays quick on a big table, searched by the beginning of references."""

    actions = None
    list_per_page = 50
    paginator = EstimatingPaginator
    search_fields = ["ref"]
    show_facets = ShowFacets.NEVER
    show_full_result_count = False
    # By key alone: any other order would sort the whole table.
    ordering = ["-id"]
    sortable_by = ()

    def get_list_display(self, request: HttpRequest) -> Any:
        return grouped(self.model, super().get_list_display(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(self.found_by(term)) if term and self.search_fields else queryset), False

    def found_by(self, term: str) -> Q:
        """The rows that a search means, by index."""
        return Q(ref__startswith=term)


def of_account(term: str, path: str = "account") -> Q:
    """The rows of the account whose reference is `term`, whole."""
    keys = list(Account.objects.filter(ref=term).values_list("pk", flat=True))
    return Q(**{f"{path}__in": keys})


class ReadAdmin(ListAdmin):
    """Rows to read; only the posting path and the close of day write them."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return grouped(self.model, super().get_fields(request, obj))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EntryAdmin(ListAdmin):
    """Rows that people enter, through a service."""

    form = BookForm
    entered: Sequence[str] = ()
    shown: Sequence[str] = ()
    amended: Sequence[str] = ()
    verbs: Sequence[Verb] = ()

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> models.Model:
        """Make a row by its service."""
        raise NotImplementedError

    def amend(self, request: HttpRequest, obj: Any, values: dict[str, Any]) -> models.Model:
        """Change a row by its service."""
        raise NotImplementedError

    def links(self, request: HttpRequest, obj: Any) -> Sequence[tuple[Any, str]]:
        """What may be entered next about a row: (words, address)."""
        return ()

    # --- which fields

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return list(self.entered)
        if self.has_change_permission(request, obj):
            return [*grouped(self.model, self.shown), *self.amended]
        return [
            *grouped(self.model, self.shown),
            *(name for name in self.amended if name not in self.form.declared_fields),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else grouped(self.model, self.shown)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.amended) and super().has_change_permission(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = KeyedAutocomplete(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """What the address names; of a row that there is not nothing is left, and it is said."""
        initial = super().get_changeform_initial_data(request)
        for name in self.get_autocomplete_fields(request):
            if name not in initial:
                continue
            model: Any = self.opts.get_field(name).related_model
            key = number_in(str(initial[name]))
            if key is None or not model._default_manager.filter(pk=key).exists():
                messages.warning(
                    request,
                    _("“%(value)s” is the key of no %(what)s. Choose one of the list.")
                    % {"value": initial.pop(name), "what": model._meta.verbose_name},
                )
        return initial

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Beside a row that is not there yet only what may be entered with it: nothing hangs on it."""
        found = super().get_inline_instances(request, obj)
        return found if obj is not None else [one for one in found if one.has_add_permission(request, obj)]

    # --- through the service

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """As Django's; when the service refuses, everything is rolled back and the form shown again with its reason."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except BookError as refusal:
            request.__dict__["refusal"] = refusal
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        # A form's own fields come along whether the page has them or not.
        asked = set(self.get_fields(request, obj))
        form.base_fields = {name: field for name, field in form.base_fields.items() if name in asked}
        form.refusal = request.__dict__.get("refusal")  # type: ignore[attr-defined]  # a form of ours
        return form

    def save_model(self, request: HttpRequest, obj: models.Model, form: forms.ModelForm, change: bool) -> None:
        if change and not form.has_changed():
            return
        values = form.cleaned_data
        saved = self.amend(request, obj, values) if change else self.enter(request, values)
        obj.pk = saved.pk
        obj.refresh_from_db()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """As Django's; another one is begun from where this one was."""
        response = super().response_add(request, obj, post_url_continue)
        return redirect(request.get_full_path()) if "_addanother" in request.POST else response

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Back to the page that it was begun from, where the address names one (`add_link`)."""
        for name in self.get_autocomplete_fields(request):
            whose: Any = getattr(obj, name) if name in request.GET else None
            page = self.admin_site._registry.get(type(whose))
            if page is not None and page.has_view_permission(request, whose):
                return redirect(reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_change", args=[whose.pk]))
        return super().response_post_save_add(request, obj)

    # --- what else can be done

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            verbs = [
                (verb.label, reverse(f"admin:{self._verb_url(verb)}", args=[obj.pk]))
                for verb in self.verbs
                if request.user.has_perm(verb.permission) and verb.applies(obj)
            ]
            context["tools"] = [*self.links(request, obj), *verbs, *tools_of(request.user, obj)]
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{verb.name}/",
                self.admin_site.admin_view(partial(self.verb_view, verb=verb)),
                name=self._verb_url(verb),
            )
            for verb in self.verbs
        ]
        return own + super().get_urls()

    def _verb_url(self, verb: Verb) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{verb.name}"

    def verb_view(self, request: HttpRequest, object_id: str, verb: Verb) -> HttpResponseBase:
        """Ask for what the verb needs, then do it."""
        if not (request.user.has_perm(verb.permission) and self.has_view_permission(request)):
            raise PermissionDenied
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        here = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])
        form = verb.form(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                with transaction.atomic():
                    verb.perform(request.user, obj, form.cleaned_data)
                    self.log_change(request, obj, [{"changed": {"fields": [verb.name]}}])
            except BookError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, verb.done)
                return redirect(here)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": verb.label,
            "verb": verb,
            "form": form,
            "media": self.media + form.media,
            "back": here,
        }
        return render(request, "admin/accounts/verb.html", context)


class ReadInline(admin.TabularInline):
    """Rows of an account or customer on its page, to read."""

    extra = 0
    can_delete = False
    show_change_link = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return grouped(self.model, self.fields or ())

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def add_link(request: HttpRequest, model: str, words: Any, **initial: object) -> list[tuple[Any, str]]:
    """A link to the page that adds a `model` of the book, with what is known already; none without the permission."""
    if not request.user.has_perms([f"accounts.view_{model}", f"accounts.add_{model}"]):
        return []
    known = "&".join(f"{name}={value}" for name, value in initial.items())
    return [(words, f"{reverse(f'admin:accounts_{model}_add')}?{known}")]
