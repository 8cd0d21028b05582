"""What is chosen for offers, and how an agreement's signature comes in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.forms import money_field
from approvals.forms import DocumentsField
from cases.forms.base import date_field, text_field
from restructuring.models import Plan, PlanKind
from restructuring.rules import schedules
from restructuring.rules.days import CONVENTIONS, months_on
from restructuring.selectors.signing import offered_for_codes
from restructuring.sentences import COVERS, DAY_COUNTS, LATE_FEES, METHODS
from restructuring.terms import Terms
from runs.forms import SaysWhatIsMissing
from staff.models import User

OFFERS = ("a", "b", "c")
NOTHING = Decimal(0)


def _whole(label: Any, low: int, high: int, initial: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=low,
        max_value=high,
        initial=initial,
        required=False,
        widget=forms.NumberInput({"min": low, "max": high}),
    )


def _percent(label: Any, low: int, high: int, initial: str = "0") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=low,
        max_value=high,
        max_digits=7,
        decimal_places=4,
        initial=Decimal(initial),
        required=False,
        widget=forms.NumberInput({"step": "0.01", "min": low, "max": high, "inputmode": "decimal"}),
    )


class HouseholdForm(SaysWhatIsMissing, forms.Form):
    """What all offers have in common: what they take over, and what the household can bear."""

    use_required_attribute = False
    covers = forms.ChoiceField(label=_("Takes over"), choices=list(COVERS.items()))
    late_fee = forms.ChoiceField(label=_("Late fees"), choices=list(LATE_FEES.items()))
    income = money_field(_("Monthly income"), required=False, least=NOTHING)
    expenses = money_field(_("Monthly expenses"), required=False, least=NOTHING)


class OfferForm(SaysWhatIsMissing, forms.Form):
    """The terms of one offer. What its kind and method do not use is passed over."""

    use_required_attribute = False
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("No offer")), *PlanKind.choices], required=False)
    first_due_on = date_field(_("First due date"), required=False)
    count = _whole(_("Instalments"), 1, 60, 12)
    method = forms.ChoiceField(label=_("Method"), choices=list(METHODS.items()), required=False)
    annual_rate = _percent(_("Interest a year, %"), 0, 100)
    day_count = forms.ChoiceField(label=_("Day count"), choices=list(DAY_COUNTS.items()), required=False)
    interest_only = _whole(_("First instalments of interest alone"), 0, 59, 0)
    step_every = _whole(_("Step every … instalments"), 1, 60, 12)
    step_rate = _percent(_("Step, %"), -50, 200, "10")
    balloon = money_field(_("Balloon"), required=False, least=NOTHING)
    discount = money_field(_("Discount"), required=False, least=NOTHING)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("kind") and not values.get("first_due_on") and "first_due_on" not in self.errors:
            self.add_error("first_due_on", forms.ValidationError(_("Say when the first payment is due.")))
        return values

    @property
    def is_made(self) -> bool:
        """Whether an offer is asked for at all."""
        return bool(self.cleaned_data.get("kind"))

    def terms(self, covers: str, late_fee: str) -> Terms:
        """The choices, those left empty as they usually are."""
        values = self.cleaned_data
        return Terms(
            kind=values["kind"],
            first_due_on=values["first_due_on"],
            covers=covers,
            late_fee=late_fee,
            method=values["method"] or schedules.EQUAL_INSTALMENTS,
            count=values["count"] or 1,
            annual_rate=(values["annual_rate"] or Decimal(0)) / 100,
            day_count=values["day_count"] or CONVENTIONS[0],
            interest_only=values["interest_only"] or 0,
            step_every=values["step_every"] or 12,
            step_rate=(values["step_rate"] or Decimal(0)) / 100,
            balloon=int((values["balloon"] or 0) * 100),
            discount=int((values["discount"] or 0) * 100),
        )


def offer_forms(data: QueryDict | None, day: date, again: Terms | None = None) -> dict[str, OfferForm]:
    """Three offers beside each other; before anything is chosen, two of instalments and none, or the one asked for `again`."""
    due = months_on(day, 1)
    first: dict[str, dict[str, Any]] = {
        "a": {"kind": PlanKind.INSTALMENTS, "count": 6},
        "b": {"kind": PlanKind.INSTALMENTS, "count": 12},
        "c": {"kind": ""},
    }
    if again is not None:
        first |= {"a": as_chosen(again), "b": {"kind": ""}}
    return {
        one: OfferForm(data, prefix=one, initial={"first_due_on": due, **first[one]}, auto_id="id_%s") for one in OFFERS
    }


def as_chosen(terms: Terms) -> dict[str, Any]:
    """Terms as an offer's fields hold them: `OfferForm.terms` the other way round."""
    shares = {name: round(getattr(terms, name) * 100, 4).normalize() for name in ("annual_rate", "step_rate")}
    amounts = {name: Decimal(getattr(terms, name)) / 100 or None for name in ("balloon", "discount")}
    return {name: getattr(terms, name) for name in OfferForm.base_fields} | {
        **{name: f"{share:f}" for name, share in shares.items()},
        **amounts,
        "step_every": terms.step_every or None,
    }


class AskForm(SaysWhatIsMissing, forms.Form):
    """Which offer is asked for, and why."""

    use_required_attribute = False
    offer = forms.ChoiceField(label=_("Offer"), choices=[(one, one.upper()) for one in OFFERS])
    reason = text_field(_("Why"), help_text=_("Whoever decides reads it first."))
    documents = DocumentsField(required=False)


class SignForm(SaysWhatIsMissing, forms.Form):
    """The signed agreement, scanned."""

    use_required_attribute = False
    language = forms.ChoiceField(label=_("Language of the agreement"), choices=settings.LANGUAGES)
    scan = forms.FileField(label=_("Signed agreement (PDF, JPEG, PNG)"))


class SendCodeForm(SaysWhatIsMissing, forms.Form):
    """For which of the printed agreements a code is sent, and where to: `refused` says of what is offered last why it does not
    go there now. The gate decides anew as it is sent."""

    use_required_attribute = False
    language = forms.ChoiceField(label=_("Language of the agreement"))
    contact_point = forms.TypedChoiceField(label=_("Send the code to"), coerce=int)

    def __init__(self, *args: Any, plan: Plan, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        printed = set(plan.agreements.values_list("language", flat=True))
        offered_points = offered_for_codes(plan, actor)
        self.points = [one.point for one in offered_points]
        self.refused = [one for one in offered_points if one.refusal]
        choices: dict[str, list[tuple[Any, Any]]] = {
            "language": [(code, _(str(name))) for code, name in settings.LANGUAGES if code in printed],
            "contact_point": [
                (one.point.pk, _("%(point)s (not now)") % {"point": one.point} if one.refusal else str(one.point))
                for one in offered_points
            ],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered


class _Fresh(forms.TextInput):
    """A field that is empty whenever it is shown: what was wrong once is not sent back."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class EnterCodeForm(SaysWhatIsMissing, forms.Form):
    """The code as the debtor reads it out, and which one was on the screen (`sent`: the page writes it)."""

    use_required_attribute = False
    sent = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    code = forms.CharField(
        label=_("Code that the debtor reads out"),
        max_length=20,
        widget=_Fresh({"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
    )
