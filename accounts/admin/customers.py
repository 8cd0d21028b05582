"""Customers and how to reach them. Identity numbers and contact values go in and never come out in clear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import vault
from accounts.admin.base import BookForm, EntryAdmin, ReadInline, add_link
from accounts.admin.widgets import Unechoed
from accounts.identity import is_time_zone
from accounts.models import Account, ContactKind, ContactPoint, Customer
from accounts.services import customers
from runs.texts import listed

SAME_SHOWN = 3
# What must not stand in an address even where nobody has it: an e-mail address, or as many digits as a telephone has.
_PERSONAL = re.compile(r"@|(\d[ ()./-]*){7}")


class FoundByNumber(EntryAdmin):
    """A search box that also finds whole identity numbers, telephone numbers and addresses, by their blind indexes.

    It posts what was typed, so that no address of a page, and no log of addresses, holds a person's number; a reference
    or a name is then searched for as everywhere.
    """

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method != "POST" or "q" not in request.POST:
            return super().changelist_view(request, extra_context)
        if not self.has_view_permission(request):
            raise PermissionDenied
        term = request.POST["q"].strip()
        here = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        rows = self.get_queryset(request)
        keys = list(rows.filter(self.numbered(term)).values_list("pk", flat=True)[:100]) if term else []
        if len(keys) == 1:
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", keys[0])
        if keys:
            return redirect(f"{here}?{urlencode({'id__in': ','.join(map(str, keys))})}")
        if _PERSONAL.search(term) and not rows.filter(self.found_by(term)).exists():
            messages.warning(request, _("Nobody has this number or address. Give the whole of it."))
            return redirect(here)
        return redirect(f"{here}?{urlencode({'q': term})}" if term else here)

    def numbered(self, term: str) -> Q:
        """The rows that have `term`, whole, as a number or address."""
        raise NotImplementedError


def _indexes(term: str) -> list[bytes]:
    """What `term` would be as a contact value of each kind."""
    return [vault.blind_index(kind, term) for kind in ContactKind.values]


class CustomerForm(BookForm):
    """What is known of a person. The number's field is not named as the model's property, which is in clear."""

    known_as = {"id_number": "new_id_number"}

    new_id_number = forms.CharField(
        label=gettext_lazy("Identity number"), max_length=60, required=False, strip=True, widget=Unechoed
    )
    locale = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, choices=[("", gettext_lazy("Not known")), *settings.LANGUAGES]
    )
    time_zone = forms.CharField(label=gettext_lazy("Time zone"), max_length=50, initial=settings.TIME_ZONE)
    seen_version = forms.IntegerField(label="", widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "new_id_number" in self.fields:
            self.fields["new_id_number"].label = _("New identity number")
            self.fields["new_id_number"].help_text = _("Blank leaves the number as it is.")
            self.initial["seen_version"] = self.instance.version
            known = self.instance.locale
            if known and known not in dict(settings.LANGUAGES):
                self.fields["locale"].choices += [(known, known)]  # type: ignore[attr-defined]  # a choice field

    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if not is_time_zone(zone):
            raise forms.ValidationError(_("There is no time zone of this name. Expected one such as Asia/Shanghai."))
        return zone


class ContactPointInline(ReadInline):
    model = ContactPoint
    fields = ["kind", "masked_value", "masked_name", "source", "relationship", "permitted", "verification"]

    @admin.display(description=gettext_lazy("Value"))
    def masked_value(self, point: ContactPoint) -> str:
        return point.masked_value

    @admin.display(description=gettext_lazy("Who is reached there"))
    def masked_name(self, point: ContactPoint) -> str:
        return point.masked_name or "–"


class AccountInline(ReadInline):
    model = Account
    fields = ["product", "currency", "credit_limit", "status", "opened_on"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return super().get_queryset(request).select_related("product")


@admin.register(Customer)
class CustomerAdmin(FoundByNumber):
    form = CustomerForm
    entered = ["ref", "name", "id_type", "new_id_number", "birth_date", "locale", "time_zone", "jurisdiction"]
    shown = ["ref", "masked_id_number", "origin", "recorded_at"]
    amended = ["name", "id_type", "new_id_number", "birth_date", "locale", "time_zone", "jurisdiction", "seen_version"]
    list_display = ["ref", "name", "masked_id_number", "id_type", "birth_date", "origin", "recorded_at"]
    list_filter = ["origin", "id_type"]
    search_help_text = gettext_lazy(
        "The beginning of a reference or name, or a whole identity number, telephone number or e-mail address"
    )
    inlines = [AccountInline, ContactPointInline]

    def found_by(self, term: str) -> Q:
        return Q(ref__startswith=term) | Q(name__istartswith=term)

    def numbered(self, term: str) -> Q:
        reached = ContactPoint.objects.filter(value_index__in=_indexes(term)).values_list("customer_id", flat=True)
        return Q(id_number_index=vault.blind_index("id-number", term)) | Q(pk__in=list(reached[:100]))

    @admin.display(description=gettext_lazy("Identity number"))
    def masked_id_number(self, customer: Customer) -> str:
        return customer.masked_id_number or "–"

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> Customer:
        return customers.register_customer(
            actor=request.user,
            ref=values["ref"],
            name=values["name"],
            id_type=values["id_type"],
            id_number=values["new_id_number"],
            birth_date=values["birth_date"],
            locale=values["locale"],
            time_zone=values["time_zone"],
            jurisdiction=values["jurisdiction"],
        )

    def amend(self, request: HttpRequest, obj: Customer, values: dict[str, Any]) -> Customer:
        return customers.change_customer(
            actor=request.user,
            customer_id=obj.pk,
            # A page that does not say which version it showed has shown none.
            seen_version=values["seen_version"] or 0,
            name=values["name"],
            id_type=values["id_type"],
            id_number=values["new_id_number"] or None,
            birth_date=values["birth_date"],
            locale=values["locale"],
            time_zone=values["time_zone"],
            jurisdiction=values["jurisdiction"],
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """One person is one customer, whatever the number of accounts: who has another's number is told of it, and left to
        whoever enters her."""
        super().save_model(request, obj, form, change)
        if obj.id_number_index is None:
            return
        same = Customer.objects.filter(id_number_index=obj.id_number_index).exclude(pk=obj.pk).order_by("pk")
        if refs := list(same.values_list("ref", flat=True)[:SAME_SHOWN]):
            messages.warning(
                request, _("Others have the same identity number: %(refs)s. Is it one person?") % {"refs": listed(refs)}
            )

    def links(self, request: HttpRequest, obj: Customer) -> Sequence[tuple[Any, str]]:
        return [
            *add_link(request, "contactpoint", _("Add contact point"), customer=obj.pk),
            *add_link(request, "account", _("Open account"), customer=obj.pk),
        ]


class ContactPointForm(BookForm):
    known_as = {"value": "new_value", "name": "new_name"}

    new_value = forms.CharField(label=gettext_lazy("Number or address"), max_length=500, widget=Unechoed)
    new_name = forms.CharField(
        label=gettext_lazy("Who is reached there"),
        max_length=200,
        required=False,
        widget=Unechoed,
        help_text=gettext_lazy("The name of a contact person or a representative."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "new_name" in self.fields:
            self.fields["new_name"].label = _("New name of who is reached there")
            self.fields["new_name"].help_text = _("Blank leaves the name as it is.")


@admin.register(ContactPoint)
class ContactPointAdmin(FoundByNumber):
    form = ContactPointForm
    entered = ["customer", "kind", "new_value", "source", "relationship", "new_name", "permitted", "verification"]
    shown = ["customer", "kind", "masked_value", "masked_name", "origin", "recorded_at"]
    amended = ["source", "relationship", "new_name", "permitted", "verification", "reason"]
    autocomplete_fields = ["customer"]
    list_display = [
        "masked_value", "kind", "customer", "source", "relationship", "permitted", "verification", "origin",
    ]  # fmt: skip
    list_filter = ["kind", "relationship", "permitted", "verification", "origin"]
    list_select_related = ["customer"]
    search_help_text = gettext_lazy("A whole customer reference, telephone number or address")

    def found_by(self, term: str) -> Q:
        return Q(customer__in=list(Customer.objects.filter(ref=term).values_list("pk", flat=True)))

    def numbered(self, term: str) -> Q:
        return Q(value_index__in=_indexes(term))

    @admin.display(description=gettext_lazy("Value"))
    def masked_value(self, point: ContactPoint) -> str:
        return point.masked_value

    @admin.display(description=gettext_lazy("Who is reached there"))
    def masked_name(self, point: ContactPoint) -> str:
        return point.masked_name or "–"

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> ContactPoint:
        return customers.add_contact_point(
            actor=request.user,
            customer_id=values["customer"].pk,
            kind=values["kind"],
            value=values["new_value"],
            source=values["source"],
            relationship=values["relationship"],
            permitted=values["permitted"],
            verification=values["verification"],
            name=values["new_name"],
        )

    def amend(self, request: HttpRequest, obj: ContactPoint, values: dict[str, Any]) -> ContactPoint:
        return customers.change_contact_point(
            actor=request.user,
            contact_point_id=obj.pk,
            source=values["source"],
            relationship=values["relationship"],
            permitted=values["permitted"],
            verification=values["verification"],
            reason=values["reason"],
            name=values["new_name"] or None,
        )
