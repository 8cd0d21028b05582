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

from accounts.admin.base import BookForm, EntryAdmin, of_account
from accounts.models import Bill, Payment
from accounts.services import posting
from runs import clock


class BillForm(BookForm):
    known_as = {"minimum_due": "minimum_given"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "minimum_given" in self.fields:
            self.fields["minimum_given"].help_text = _("Blank: the product's rule decides.")


@admin.register(Bill)
class BillAdmin(EntryAdmin):
    form = BillForm
    entered = ["account", "ref", "statement_on", "due_on", "principal", "interest", "service_fee", "minimum_given"]
    shown = [*entered, "kind", "minimum_due", "rolled_in", "rolled_out", "allocated", "missed", "recorded_at"]
    autocomplete_fields = ["account"]
    list_display = [
        "ref", "account", "kind", "statement_on", "due_on", "principal", "interest", "service_fee", "minimum_due",
        "allocated", "missed",
    ]  # fmt: skip
    list_filter = ["missed", "kind"]
    list_select_related = ["account"]
    search_help_text = gettext_lazy("The beginning of a bill's reference, or a whole account reference")

    def found_by(self, term: str) -> Q:
        return Q(ref__startswith=term) | of_account(term)

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> Bill:
        return posting.post_bill(
            actor=request.user,
            account_id=values["account"].pk,
            ref=values["ref"],
            statement_on=values["statement_on"],
            due_on=values["due_on"],
            principal=values["principal"],
            interest=values["interest"],
            service_fee=values["service_fee"],
            minimum_due=values["minimum_given"],
        )


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
    """A payment; one dated ahead, which counts from its day on, is asked about: it is mostly a slip."""

    ahead = forms.BooleanField(
        label=gettext_lazy("Dated ahead on purpose"),
        required=False,
        help_text=gettext_lazy("Only for a payment that takes effect on a later day than today."),
    )

    def clean_ahead(self) -> bool:
        """Fields are cleaned in their order: the day is known."""
        ahead: bool = self.cleaned_data["ahead"]
        day, today = self.cleaned_data.get("effective_on"), clock.today()
        if day is not None and day > today and not ahead:
            self.add_error(
                "effective_on",
                _(
                    "“%(day)s” is still to come: expected a day until today, %(today)s. Put it right, or tick “%(tick)s”"
                    " if the payment is to count from that day on."
                )
                % {"day": day.isoformat(), "today": today.isoformat(), "tick": self.fields["ahead"].label},
            )
        return ahead


@admin.register(Payment)
class PaymentAdmin(EntryAdmin):
    form = PaymentForm
    entered = ["account", "ref", "amount", "effective_on", "ahead", "channel", "designated_bill"]
    shown = [*(name for name in entered if name != "ahead"), "recorded_at", "reversed_on"]
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
