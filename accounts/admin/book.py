"""Accounts, who else answers for them, and what holds stop on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import ForeignKey, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import BookForm, EntryAdmin, ReadInline, Verb, add_link, of_account
from accounts.admin.importing import ImportPages
from accounts.admin.postings import BillInline, NewBills, new_bill, reversed_on
from accounts.currencies import is_currency, no_currency
from accounts.errors import Invalid
from accounts.models import Account, AccountParty, Customer, Hold, HoldKind, Payment, Product
from accounts.services import entering, holds, parties, posting
from runs import clock
from runs.forms import SaysWhatIsMissing
from runs.texts import reason_in_words
from staff.admin.columns import GroupedRows


class PaymentInline(ReadInline):
    model = Payment
    fields = ["amount", "effective_on", "recorded_at", "channel", "reversed_on"]
    ordering = ["-effective_on", "-id"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Payment]:
        return super().get_queryset(request).select_related("reversal")

    @admin.display(description=gettext_lazy("Reversed on"))
    def reversed_on(self, payment: Payment) -> str:
        return reversed_on(payment)


class SaysReason:
    """Of holds, why in the reader's words."""

    @admin.display(description=gettext_lazy("Reason"), ordering="reason")
    def said_reason(self, hold: Hold) -> str:
        return reason_in_words(hold.reason)


class HoldInline(SaysReason, ReadInline):
    model = Hold
    fields = ["kind", "starts_on", "ends_on", "said_reason", "known_from", "withdrawn_at"]
    ordering = ["starts_on", "id"]


class PartyInline(ReadInline):
    model = AccountParty
    fields = ["customer", "role"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountParty]:
        return super().get_queryset(request).select_related("customer", "account")


class Late(admin.SimpleListFilter):
    title = gettext_lazy("late")
    parameter_name = "late"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Late")), ("no", _("Not late"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Account]) -> QuerySet[Account]:
        return queryset.filter(standing__isnull=self.value() == "no") if self.value() else queryset


class AccountForm(BookForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, required=False)
    seen_version = forms.IntegerField(label="", widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen_version"] = self.instance.version

    def clean_currency(self) -> str:
        currency: str = self.cleaned_data["currency"]
        if not is_currency(currency):
            raise forms.ValidationError(no_currency(currency))
        return currency


@admin.register(Account)
class AccountAdmin(ImportPages, EntryAdmin):
    form = AccountForm
    entered = ["ref", "customer", "product", "currency", "credit_limit", "opened_on", "final_due_on"]
    # The final due date moves the days: another person decides about its change (`accounts.tools`).
    shown = [
        "ref", "customer", "product", "currency", "status", "opened_on", "final_due_on", "lateness", "origin", "recorded_at",
    ]  # fmt: skip
    amended = ["credit_limit", "reason", "seen_version"]
    autocomplete_fields = ["customer", "product"]
    list_display = ["ref", "customer", "product", "currency", "credit_limit", "status", "lateness", "opened_on"]
    list_filter = ["product", "status", Late, "origin"]
    list_select_related = ["customer", "product", "standing"]
    search_help_text = gettext_lazy("The beginning of an account's reference, or a whole customer reference")
    inlines = [BillInline, PaymentInline, HoldInline, PartyInline]

    def get_inline_formsets(self, *args: Any, **kwargs: Any) -> list[Any]:
        found = super().get_inline_formsets(*args, **kwargs)
        return [GroupedRows.of(rows) if isinstance(rows.opts, BillInline) else rows for rows in found]

    def found_by(self, term: str) -> Q:
        owners = Customer.objects.filter(ref=term).values_list("pk", flat=True)
        return Q(ref__startswith=term) | Q(customer__in=list(owners))

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "product":
            kwargs["queryset"] = Product.objects.filter(is_active=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("Standing"))
    def lateness(self, account: Account) -> str:
        return str(account.standing.bucket) if hasattr(account, "standing") else _("not late")

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> Account:
        return posting.open_account(
            actor=request.user,
            ref=values["ref"],
            customer_id=values["customer"].pk,
            product_code=values["product"].code,
            currency=values["currency"],
            credit_limit=values["credit_limit"],
            opened_on=values["opened_on"],
            final_due_on=values["final_due_on"],
        )

    def amend(self, request: HttpRequest, obj: Account, values: dict[str, Any]) -> Account:
        return posting.change_account(
            actor=request.user,
            account_id=obj.pk,
            seen_version=values["seen_version"] or 0,
            credit_limit=values["credit_limit"],
            final_due_on=obj.final_due_on,
            reason=values["reason"],
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Bills entered beside the account are posted together; everything else on its page is only read."""
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        if isinstance(formset, NewBills) and (entered := formset.entered()):
            formset.new_objects = entering.enter_bills(
                actor=request.user, account_id=form.instance.pk, bills=[new_bill(one.cleaned_data) for one in entered]
            )

    def links(self, request: HttpRequest, obj: Account) -> Sequence[tuple[Any, str]]:
        return [
            *add_link(request, "bill", _("Add bill"), account=obj.pk),
            *add_link(request, "payment", _("Add payment"), account=obj.pk),
            *add_link(request, "hold", _("Place hold"), account=obj.pk),
            *add_link(request, "accountparty", _("Add party"), account=obj.pk),
        ]


@admin.register(AccountParty)
class AccountPartyAdmin(EntryAdmin):
    entered = ["account", "customer", "role"]
    shown = ["account", "customer", "recorded_at"]
    amended = ["role"]
    autocomplete_fields = ["account", "customer"]
    list_display = ["account", "customer", "role", "recorded_at"]
    list_filter = ["role"]
    list_select_related = ["account", "customer"]
    search_help_text = gettext_lazy("A whole account or customer reference")

    def found_by(self, term: str) -> Q:
        people = Customer.objects.filter(ref=term).values_list("pk", flat=True)
        return of_account(term) | Q(customer__in=list(people))

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> AccountParty:
        return parties.add_party(
            actor=request.user,
            account_id=values["account"].pk,
            customer_id=values["customer"].pk,
            role=values["role"],
        )

    def amend(self, request: HttpRequest, obj: AccountParty, values: dict[str, Any]) -> AccountParty:
        return parties.change_party(actor=request.user, party_id=obj.pk, role=values["role"])


class LiftForm(SaysWhatIsMissing, forms.Form):
    """Until when a hold shall have lasted."""

    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        initial=clock.today,
        widget=AdminDateWidget,
        help_text=gettext_lazy(
            "The last day that the hold covers. Blank takes it back wholly, as if it had never been."
        ),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300)


def refuse_fees(kind: str) -> None:
    """Refuse (`Invalid`) what takes late fees off, however far back: who places it on a case has a limit."""
    if kind == HoldKind.FEES:
        raise Invalid(
            _(
                "A hold of late fees changes what is owed: it is placed on the page of the case, as long as your limit allows."
            ),
            "kind",
        )


def refuse_deferral(kind: str, field: str = "kind") -> None:
    """Refuse (`Invalid`) what moves the days: its beginning and its end are another person's to decide."""
    if kind == HoldKind.DEFERRAL:
        raise Invalid(
            _("A deferral moves the days: it is asked for on the page of the case, and another person decides."), field
        )


def lift(actor: Any, hold: Hold, values: dict[str, Any]) -> Hold | None:
    """End a hold that moves no days."""
    refuse_deferral(hold.kind, "last_day")
    return holds.lift_hold(actor=actor, hold_id=hold.pk, **values)


@admin.register(Hold)
class HoldAdmin(SaysReason, EntryAdmin):
    """A hold is its whole row: it is placed and lifted, never changed. A deferral is only read here."""

    entered = ["account", "kind", "starts_on", "ends_on", "reason"]
    shown = [*entered[:-1], "said_reason", "known_from", "withdrawn_at", "origin", "recorded_at"]
    autocomplete_fields = ["account"]
    list_display = ["account", "kind", "starts_on", "ends_on", "said_reason", "known_from", "withdrawn_at"]
    list_filter = ["kind", ("withdrawn_at", admin.EmptyFieldListFilter), "origin"]
    list_select_related = ["account"]
    date_hierarchy = "starts_on"
    search_help_text = gettext_lazy("A whole account reference")
    verbs = [
        Verb(
            name="lift",
            label=gettext_lazy("Lift hold"),
            permission="accounts.change_hold",
            form=LiftForm,
            applies=lambda hold: hold.withdrawn_at is None and hold.kind != HoldKind.DEFERRAL,
            perform=lambda actor, hold, values: lift(actor, hold, values),
            done=gettext_lazy("The hold was lifted."),
        )
    ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By the right to see holds here alone. The rights to place and lift them are collectors' too, for the desk,
        where their own cases and limits bound what they do."""
        return request.user.has_perm("accounts.view_hold")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and super().has_add_permission(request)

    def found_by(self, term: str) -> Q:
        return of_account(term)

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> Hold:
        refuse_deferral(values["kind"])
        refuse_fees(values["kind"])
        holds.check_plausible(values["starts_on"], values["ends_on"])
        return holds.place_hold(
            actor=request.user,
            account_id=values["account"].pk,
            kind=values["kind"],
            starts_on=values["starts_on"],
            ends_on=values["ends_on"],
            reason=values["reason"],
        )
