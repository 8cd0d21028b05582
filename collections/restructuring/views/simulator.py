"""Offers beside each other for one account, live as they are typed; and asking that one of them be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.errors import BookError
from accounts.forms import refuse
from accounts.models import Account
from accounts.permissions import customers_visible_to
from accounts.rules import cents, money
from approvals.climbing import Climb, who_decides
from restructuring.forms import AskForm, HouseholdForm, OfferForm, offer_forms
from restructuring.models import LIVE, Plan, PlanRule
from restructuring.rules.offers import Limits, Offer, objections, payable
from restructuring.selectors.position import Position, limits, position, rule_on
from restructuring.sentences import (
    amount,
    in_a_plan,
    no_schedule,
    nothing_to_offer,
    passed_over,
    sentence,
    warnings,
)
from restructuring.services.asking import ASK, KIND, ask_plan, sent_back_to
from restructuring.terms import Terms, offer
from runs.pages import is_part, page_or_part
from staff.models import User
from staff.permissions import needs
from staff.requests import user_of


@dataclass(frozen=True)
class OfferView:
    """One offer as it is shown: its name, and either its figures or why there are none."""

    name: str
    found: Offer | None
    terms: Terms | None
    against: list[str]
    present_value: Any = None
    heaviest: Any = None
    is_affordable: bool | None = None
    most: Any = None
    passed_over: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @property
    def may_be_asked(self) -> bool:
        return self.found is not None and not self.against

    @property
    def figures(self) -> list[tuple[str, Any]]:
        """What is compared: name and amount, in money."""
        found = self.found
        if found is None:
            return []
        return [
            (_("Taken over"), money(found.balance.total)),
            (_("Discount"), money(found.discount)),
            (_("Interest of the plan"), money(found.interest)),
            (_("To be paid in all"), money(found.total)),
            (_("Most in a month"), self.heaviest),
            *([(_("Can be paid a month"), self.most)] if self.most is not None else []),
            (_("Present value for the lender"), self.present_value),
        ]

    @property
    def schedule(self) -> SafeString:
        """The rows of the schedule's table: due date, principal, interest, fees, total. Written here, for of three long offers
        the template would take longer over them than everything else together."""
        return format_html_join(
            "\n",
            '<tr><th scope="row">{}</th><td class="number">{}</td><td class="number">{}</td><td class="number">{}</td>'
            '<td class="number">{}</td></tr>',
            (
                (one.due_on.isoformat(), *map(amount, (one.principal, one.interest, one.fee, one.total)))
                for one in (self.found.instalments if self.found else ())
            ),
        )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ASK)
def plan_new(request: HttpRequest, ref: str) -> HttpResponse:
    """Offers for an account in scope, judged as they are typed (HTMX gets them alone); with `ask` one is asked for.

    Everything is sent in the body, for income and expenses are nobody's business in an address. Out of scope is 404.
    """
    accounts = Account.objects.select_related("customer", "product").filter(
        customer__in=customers_visible_to(request.user)
    )
    account = get_object_or_404(accounts, ref=ref)
    here = position(account)
    live = Plan.objects.filter(account=account, status__in=LIVE).first()
    closed = in_a_plan(account, live.ref) if live else nothing_to_offer(account, here.owed.total)
    if closed:
        context = {"account": account, "here": here, "live": live, "closed": closed}
        return page_or_part(
            request, "restructuring/new.html", "restructuring/_closed.html", context, status=_answer(request)
        )
    data = request.POST or None
    back = sent_back_to(request.user, account)
    terms = Terms.from_json(back.terms) if back is not None else None
    household = HouseholdForm(data, initial=_household_of(back, terms))
    forms = offer_forms(data, here.day, terms)
    # The part alone is looked at, whatever button was pressed meanwhile.
    is_asked = "ask" in request.POST and not is_part(request)
    ask = AskForm(
        data if is_asked else None,
        request.FILES if is_asked else None,
        initial={"reason": back.request.reason} if back and back.request else None,
    )
    rule = rule_on(here.day)
    offers = offers_of(here, rule, household, forms)
    climb = _climb(user_of(request), account, offers)
    if is_asked and ask.is_valid() and household.is_valid():
        asked = _ask(request, account, household, forms[ask.cleaned_data["offer"]], ask)
        if asked is not None:
            return asked
    context = {
        "account": account,
        "here": here,
        "rule": rule,
        "household": household,
        "forms": forms,
        "ask": ask,
        "back": back,
        "offers": offers,
        "climb": climb,
    }
    status = 422 if ask.errors else 200
    return page_or_part(request, "restructuring/new.html", "restructuring/_offers.html", context, status=status)


def _household_of(back: Plan | None, terms: Terms | None) -> dict[str, Any]:
    """What was chosen for all offers of a plan that was sent back."""
    if back is None or terms is None:
        return {}
    return {"covers": terms.covers, "late_fee": terms.late_fee, "income": back.income, "expenses": back.expenses}


def _answer(request: HttpRequest) -> int:
    """Of a closed form: what was sent is refused, what was opened is shown."""
    return 409 if request.method == "POST" and not is_part(request) else 200


def _climb(user: User, account: Account, offers: Sequence[OfferView]) -> Climb | None:
    """Who may decide: about all that a plan takes over, which is the same for every offer. None where none may be asked for."""
    amounts = [money(one.found.balance.total) for one in offers if one.found is not None and one.may_be_asked]
    if not amounts:
        return None
    return who_decides(
        KIND,
        amount=max(amounts),
        currency=account.currency,
        customer_id=account.customer_id,
        author_id=user.pk,
    )


def _ask(
    request: HttpRequest,
    account: Account,
    household: HouseholdForm,
    form: OfferForm,
    ask: AskForm,
) -> HttpResponse | None:
    """Ask for the chosen offer and go to its page; None where that was refused, which the form says."""
    if not form.is_valid() or not form.is_made:
        ask.add_error("offer", _("That offer is not made. Put it right, or choose another."))
        return None
    values = household.cleaned_data
    try:
        plan = ask_plan(
            actor=user_of(request),
            account_id=account.pk,
            terms=form.terms(values["covers"], values["late_fee"]),
            reason=ask.cleaned_data["reason"],
            documents=ask.cleaned_data["documents"],
            income=values["income"],
            expenses=values["expenses"],
        )
    except BookError as error:
        refuse(ask, error)
        return None
    messages.success(request, _("Plan %(plan)s is asked for: somebody else decides.") % {"plan": plan.ref})
    return redirect("plan", ref=plan.ref)


def offers_of(here: Position, rule: PlanRule, household: HouseholdForm, forms: dict[str, OfferForm]) -> list[OfferView]:
    """The offers that the forms make of an account's position, those that make none left out. One query."""
    allowed = limits(rule, here.account, here.day)
    values = _of_household(household)
    income, expenses = values["income"], values["expenses"]
    most = None
    if income is not None and expenses is not None:
        most = payable(cents(income), cents(expenses), allowed.surplus_share)
    return [
        view
        for name, form in forms.items()
        if (view := _view(name, here, allowed, form, values["covers"], values["late_fee"], most)) is not None
    ]


def _of_household(household: HouseholdForm) -> dict[str, Any]:
    """What was chosen, or what the form begins with; where a value is wrong, as if it were not given."""
    usual = {"covers": "overdue", "late_fee": "carry", "income": None, "expenses": None}
    if not household.is_bound:
        return {**usual, **household.initial}
    household.is_valid()
    return usual | {name: value for name, value in household.cleaned_data.items() if value not in (None, "")}


def _view(
    name: str, here: Position, allowed: Limits, form: OfferForm, covers: str, late_fee: str, most: int | None
) -> OfferView | None:
    name = name.upper()
    if not form.is_bound:
        form = OfferForm({f"{form.prefix}-{key}": _initial(form, key) for key in form.fields}, prefix=form.prefix)
    if not form.is_valid():
        return OfferView(name, None, None, [str(error) for errors in form.errors.values() for error in errors])
    if not form.is_made:
        return None
    terms = form.terms(covers, late_fee)
    parts = here.parts(covers, late_fee)
    if not parts:
        return OfferView(name, None, terms, [_("Nothing is owed that this offer could take over.")])
    try:
        found = offer(parts, terms, starts_on=here.day)
    except ValueError:
        return OfferView(name, None, terms, [no_schedule()])
    heaviest = found.heaviest_month()
    return OfferView(
        name,
        found,
        terms,
        [sentence(one) for one in objections(found, allowed)],
        present_value=money(found.present_value(allowed.discount_rate)),
        heaviest=money(heaviest),
        is_affordable=None if most is None else heaviest <= most,
        most=None if most is None else money(most),
        passed_over=passed_over(terms),
        warnings=warnings(found, most, allowed.far_away_days),
    )


def _initial(form: OfferForm, key: str) -> Any:
    value = form.get_initial_for_field(form.fields[key], key)
    return "" if value is None else value
