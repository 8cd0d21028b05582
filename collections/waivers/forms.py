"""What people enter about a waiver. The services check what it means."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import CENT, money_field
from accounts.models import Account, Bill
from approvals.forms import DocumentsField
from approvals.services.rows import LONGEST_TEXT
from runs.forms import DayInput, SaysWhatIsMissing
from waivers.models import Basis, ReasonCode, Waiver
from waivers.selectors import Wanted, fee_by_bill, may_be_needed


class _BillField(forms.ModelChoiceField):
    """A bill with the fee that it caused; with its account where there are several."""

    fees: Mapping[int, Decimal] = {}
    names_account = False

    def label_from_instance(self, bill: Bill) -> str:
        said = gettext("%(bill)s, due %(day)s: %(fee)s %(currency)s") % {
            "bill": bill.ref,
            "day": bill.due_on.isoformat(),
            "fee": f"{self.fees.get(bill.pk, 0):,.2f}",
            "currency": bill.account.currency,
        }
        return f"{bill.account.ref} · {said}" if self.names_account else said


class WaiverForm(SaysWhatIsMissing, forms.Form):
    """What is wanted of the late fee of one of the customer's accounts, and why.

    What is entered for a way that was not chosen is passed over, so that the way can be changed without emptying fields.
    """

    account = forms.ModelChoiceField(Account.objects.none(), label=_("Account"), empty_label=None)
    reason_code = forms.ChoiceField(label=_("Reason"), choices=ReasonCode)
    basis = forms.ChoiceField(label=_("How much"), choices=Basis, initial=Basis.FULL)
    amount = money_field(_("Amount"), required=False)
    percent = forms.DecimalField(
        label=_("Percent"),
        required=False,
        min_value=CENT,
        max_value=100,
        decimal_places=2,
        widget=forms.NumberInput({"step": "0.01", "min": CENT, "max": 100, "inputmode": "decimal"}),
    )
    bill = _BillField(
        Bill.objects.none(),
        label=_("Bill"),
        required=False,
        empty_label="–",
        help_text=_("Those that caused some of the late fee, and how much of what is owed now"),
    )
    condition_amount = money_field(
        _("Only if so much is paid"), required=False, help_text=_("Both blank: at once, without condition")
    )
    condition_on = forms.DateField(label=_("To be paid by"), required=False, widget=DayInput())
    needs = forms.ModelChoiceField(
        Waiver.objects.none(),
        label=_("Only after waiver"),
        required=False,
        empty_label="–",
        help_text=_("If that one fails, this one does"),
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea({"rows": 3, "class": "form-control"}),
    )
    documents = DocumentsField(required=False)

    # Which fields a way to say how much needs.
    OF_BASIS = {Basis.AMOUNT: "amount", Basis.PERCENT: "percent", Basis.BILL: "bill"}

    def __init__(self, *args: Any, accounts: list[Account], without: Waiver | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = [account.pk for account in accounts]
        self._choose("account", Account.objects.filter(pk__in=keys).order_by("ref"))
        self._choose_bills(keys, without.bill_id if without else None)
        possible = may_be_needed(accounts[0]) if accounts else Waiver.objects.none()
        self._choose("needs", possible.filter(pk__lt=without.pk) if without else possible)
        if not possible:
            del self.fields["needs"]

    def _choose_bills(self, account_ids: list[int], chosen: int | None) -> None:
        field = self.fields["bill"]
        assert isinstance(field, _BillField)
        field.fees, field.names_account = fee_by_bill(account_ids), len(account_ids) > 1
        caused = Bill.objects.filter(pk__in=[*field.fees, chosen or 0]).select_related("account")
        self._choose("bill", caused.order_by("account__ref", "due_on", "ref"))

    def _choose(self, name: str, queryset: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = queryset

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not values.get("basis"):
            return values
        needed = self.OF_BASIS.get(Basis(values["basis"]))
        for passed_over in {*self.OF_BASIS.values()} - {needed}:
            # Nor is what is wrong with it said: it is not shown.
            self.errors.pop(passed_over, None)
            values[passed_over] = None
        if needed and values.get(needed) is None and needed not in self.errors:
            missing = forms.ValidationError(self.fields[needed].error_messages["required"], code="required")
            self.add_error(needed, missing)
        return values

    def wanted(self) -> Wanted:
        """What a valid form wants."""
        values = self.cleaned_data
        basis = values["basis"]
        needs, bill = values.get("needs"), values["bill"]
        return Wanted(
            account_id=values["account"].pk,
            reason_code=values["reason_code"],
            basis=basis,
            amount=values["amount"],
            percent=values["percent"],
            bill_id=bill.pk if bill else None,
            condition_amount=values["condition_amount"],
            condition_on=values["condition_on"],
            needs_id=needs.pk if needs else None,
        )

    def said(self) -> dict[str, Any]:
        """What is said for it: the reason, and documents."""
        return {name: self.cleaned_data[name] for name in ("reason", "documents")}


class TakeBackForm(SaysWhatIsMissing, forms.Form):
    """Why a waiver shall not hold any more."""

    reason = forms.CharField(
        label=_("Why"), max_length=LONGEST_TEXT, widget=forms.Textarea({"rows": 3, "class": "form-control"})
    )
