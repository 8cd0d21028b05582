"""Bills and payments: posted once, read for ever. A payment is taken back by a reversal, which another person decides about
(`accounts.tools`); nothing is changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import BookForm, EntryAdmin, of_account, show_refusal
from accounts.errors import Invalid
from accounts.models import Bill, Payment
from accounts.services import entering, posting
from staff.admin.columns import NamedRows


class BillForm(BookForm):
    known_as = {"minimum_due": "minimum_given"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "minimum_given" in self.fields:
            self.fields["minimum_given"].help_text = _("Blank: the product's rule decides.")


def new_bill(values: dict[str, Any]) -> posting.NewBill:
    """The bill that a valid form holds."""
    return posting.NewBill(
        ref=values["ref"],
        statement_on=values["statement_on"],
        due_on=values["due_on"],
        principal=values["principal"],
        interest=values["interest"],
        service_fee=values["service_fee"],
        minimum_due=values["minimum_given"],
    )


class NewBills(NamedRows):
    """Bills entered on their account's page; each is checked at its own fields. They are posted all together."""

    def clean(self) -> None:
        super().clean()
        for form in self.entered():
            product = self.instance.product_id
            if product is None or form.errors:
                continue
            try:
                entering.check_bills(product, [new_bill(form.cleaned_data)])
            except Invalid as refusal:
                show_refusal(form, refusal, BillForm.known_as)

    def entered(self) -> list[Any]:
        """The forms of bills that are new, less those left blank."""
        return [form for form in self.extra_forms if form.has_changed()]

    def save(self, commit: bool = True) -> list[Any]:
        raise NotImplementedError("Bills are posted by the page of their account.")


class TellsOfBills:
    """What is shown of bills, wherever they are."""

    @admin.display(description=gettext_lazy("Minimum met"))
    def fared(self, bill: Bill) -> str:
        """Whether the minimum was met by its day; a dash while nobody can say."""
        return {None: "–", False: _("yes"), True: _("no")}[bill.missed]


class BillInline(TellsOfBills, admin.TabularInline):
    """An account's bills: what was posted, to read; and new ones, for who may post them."""

    model = Bill
    form = BillForm
    formset = NewBills
    extra = 0
    can_delete = False
    show_change_link = True
    fields = [
        "ref", "statement_on", "due_on", "principal", "interest", "service_fee", "minimum_given", "minimum_due", "rolled_in",
        "rolled_out", "allocated", "fared",
    ]  # fmt: skip
    readonly_fields = ["minimum_due", "rolled_in", "rolled_out", "allocated", "fared"]
    ordering = ["due_on", "ref"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is sent with an account's page is taken from who may change the account."""
        verb = "add" if obj is None else "change"
        return request.user.has_perms(["accounts.view_bill", "accounts.add_bill", f"accounts.{verb}_account"])

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Bill)
class BillAdmin(TellsOfBills, EntryAdmin):
    form = BillForm
    entered = ["account", "ref", "statement_on", "due_on", "principal", "interest", "service_fee", "minimum_given"]
    shown = [*entered, "kind", "minimum_due", "rolled_in", "rolled_out", "allocated", "missed", "recorded_at"]
    autocomplete_fields = ["account"]
    list_display = ["ref", "account", "statement_on", "due_on", "principal", "minimum_due", "allocated", "fared"]
    list_filter = ["missed", "kind"]
    list_select_related = ["account"]
    search_help_text = gettext_lazy("The beginning of a bill's reference, or a whole account reference")

    def found_by(self, term: str) -> Q:
        return Q(ref__startswith=term) | of_account(term)

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> Bill:
        (bill,) = entering.enter_bills(actor=request.user, account_id=values["account"].pk, bills=[new_bill(values)])
        return bill


def reversed_on(payment: Payment) -> str:
    """The day from which a payment does not count, as shown."""
    return date_format(payment.reversal.effective_on) if hasattr(payment, "reversal") else "–"


class Reversed(admin.SimpleListFilter):
    title = gettext_lazy("reversed")
    parameter_name = "reversed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Reversed")), ("no", _("Not reversed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        return queryset.filter(reversal__isnull=self.value() == "no") if self.value() else queryset


class PaymentForm(BookForm):
    """A payment; one that is mostly a slip (of a day to come or long ago, of more than is owed) is asked about."""

    meant = forms.BooleanField(
        label=gettext_lazy("Meant as it stands"),
        required=False,
        help_text=gettext_lazy("Only where this page asks: a day to come or long ago, or more than is owed."),
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("meant") or self.errors:
            return values
        doubts = entering.doubts_about_payment(
            values["account"], amount=values["amount"], effective_on=values["effective_on"]
        )
        for field, doubt in doubts.items():
            advice = _("Put it right, or tick “%(tick)s”.") % {"tick": self.fields["meant"].label}
            self.add_error(field, f"{doubt} {advice}")
        return values


@admin.register(Payment)
class PaymentAdmin(EntryAdmin):
    form = PaymentForm
    entered = ["account", "ref", "amount", "effective_on", "meant", "channel", "designated_bill"]
    shown = [*(name for name in entered if name != "meant"), "recorded_at", "reversed_on"]
    autocomplete_fields = ["account", "designated_bill"]
    list_display = ["ref", "account", "amount", "effective_on", "recorded_at", "channel", "reversed_on"]
    list_filter = [Reversed]
    list_select_related = ["account", "reversal"]
    search_help_text = gettext_lazy("The beginning of a payment's reference, or a whole account reference")

    @admin.display(description=gettext_lazy("Reversed on"))
    def reversed_on(self, payment: Payment) -> str:
        return reversed_on(payment)

    def found_by(self, term: str) -> Q:
        return Q(ref__startswith=term) | of_account(term)

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> Payment:
        bill = values["designated_bill"]
        return posting.post_payment(
            actor=request.user,
            account_id=values["account"].pk,
            ref=values["ref"],
            amount=values["amount"],
            effective_on=values["effective_on"],
            channel=values["channel"],
            designated_bill_id=bill.pk if bill else None,
        )
