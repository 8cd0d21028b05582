"""The plans: those on track, at risk, breached; one with its schedule, its agreement and its history."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import uploads
from accounts.errors import BookError
from approvals.models import RequestStatus
from audit.models import Event
from cases.permissions import open_case_refs
from restructuring.filters import PlanFilter
from restructuring.models import PROPOSED, Agreement, Plan, PlanStatus
from restructuring.permissions import plans_visible_to
from restructuring.selectors.beside import overdue_beside
from restructuring.selectors.consequences import if_breached
from restructuring.selectors.lists import InstalmentRow, counts_of, instalments_of, with_progress
from restructuring.selectors.proposed import proposed
from restructuring.sentences import COVERS, DAY_COUNTS, LATE_FEES, METHODS, percent
from restructuring.services.agreements import SIGN, agreement_of, may_print
from restructuring.services.asking import ASK, may_renew, renew_plan
from restructuring.services.taking_over import moved
from restructuring.terms import Terms
from restructuring.views.signing import SigningCard, code_context
from runs import clock
from runs.charts import Chart, Series, columns
from runs.pages import is_part, page_or_part, vary
from runs.paging import log_page
from runs.selectors import book_day
from staff.exports import export_list
from staff.permissions import may, needs, require
from staff.requests import user_of

VIEW = "restructuring.view_plan"
# The states that the list counts, in their order.
SHOWN = (
    PlanStatus.RUNNING,
    PlanStatus.AT_RISK,
    PlanStatus.BREACHED,
    PlanStatus.KEPT,
    PlanStatus.WRITTEN_OFF,
    PlanStatus.ASKED,
    PlanStatus.SIGNED,
)


def _asked_for(request: HttpRequest) -> PlanFilter:
    found = with_progress(plans_visible_to(request.user)).select_related("customer", "account")
    return PlanFilter(request.GET, queryset=found, request=request)


@require_GET
@needs(VIEW)
def plans(request: HttpRequest) -> HttpResponse:
    """The plans in scope, newest first, filtered, with how many are in each state; HTMX gets the list alone."""
    filters = _asked_for(request)
    counts = counts_of(plans_visible_to(request.user))
    context = {
        "filter": filters,
        "page": log_page(filters.qs, request.GET.get("before")),
        "states": [(one.value, one.label, counts[one.value]) for one in SHOWN],
        "status": request.GET.get("status", ""),
        "today": clock.today(),
    }
    return page_or_part(request, "restructuring/plans.html", "restructuring/_plans.html", context)


@require_GET
@needs("restructuring.export_plan")
def plans_export(request: HttpRequest) -> HttpResponseBase:
    """What the address's filters leave, newest first, as CSV: names masked. On the record."""
    filters = _asked_for(request)
    head = [
        *(_("Plan"), _("Customer"), _("Customer reference"), _("Account"), _("Kind"), _("State"), _("First day")),
        *(_("Currency"), _("Taken over"), _("Discount"), _("To be paid in all"), _("Paid"), _("Next due")),
        *(_("Instalments past due"), _("Yearly cost"), _("Asked by")),
    ]

    def cells(one: Any) -> tuple[Any, ...]:
        return (
            *(one.ref, one.customer.masked_name, one.customer.ref, one.account.ref, one.get_kind_display()),
            *(one.get_status_display(), one.starts_on, one.currency, one.balance, one.discount, one.total, one.paid),
            *(one.next_due_on, one.late, one.annual_cost, one.asked_by_name),
        )

    return export_list(
        request,
        filters.form,
        name="plans",
        head=head,
        found=filters.qs.order_by("-pk"),
        cells=cells,
        back=reverse("plans"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(VIEW)
def plan(request: HttpRequest, ref: str) -> HttpResponse:
    """One plan: what was agreed, its schedule as table and chart, its agreement, what became of it. Who may records the
    signature here, or sends the debtor a code to sign with; HTMX gets how the code stands alone. Out of scope is 404."""
    found = _visible(request, ref)
    if is_part(request):
        return vary(render(request, "restructuring/_code.html", {"plan": found, **code_context(found)}))
    if request.method == "POST":
        require(request.user, SIGN)
    card = SigningCard(request, found)
    if request.method == "POST":
        if said := card.act():
            messages.success(request, said)
            return redirect("plan", ref=ref)
        found = _visible(request, ref)
    may_sign = found.status == PlanStatus.ASKED and may(request.user, SIGN)
    renewable = may_renew(request.user, found)
    agreements = list(found.agreements.select_related("code__contact_point").order_by("language"))
    rows = instalments_of(found, book_day() or clock.today())
    this = Plan.objects.filter(pk=found.pk)
    context = {
        "plan": found,
        "terms": _terms(found),
        "rows": rows,
        "paid": sum((row.paid for row in rows), found.total * 0),
        "chart": _chart(rows),
        "agreements": agreements,
        "printed": {one.language for one in agreements},
        # Of what was cancelled nothing is printed for the first time.
        "may_print": may_print(request.user) and found.status != PlanStatus.CANCELLED,
        "sign": card if may_sign else None,
        **(code_context(found) if may_sign else {}),
        "refused": None if may_sign else card.errors,
        "changes": moved(here) if found.status in PROPOSED and (here := proposed(this)) is not None else [],
        "back": found if renewable and found.request and found.request.status == RequestStatus.CHANGES else None,
        "change": reverse("plan-new", args=[found.account.ref]),
        "beside": overdue_beside([found]).get(found.pk),
        "again": if_breached(found),
        "may_renew": renewable,
        "history": Event.objects.filter(subject_type="plan", subject_id=found.pk).order_by("-pk"),
    }
    return vary(render(request, "restructuring/plan.html", context, status=422 if card.errors else 200))


@require_POST
@needs(ASK)
def plan_renew(request: HttpRequest, ref: str) -> HttpResponse:
    """Who asked for a proposed plan asks for it anew, of what is owed now. Out of scope is 404, another's is 403."""
    found = _visible(request, ref)
    try:
        made = renew_plan(actor=user_of(request), plan_id=found.pk)
    except BookError as error:
        messages.error(request, str(error))
        return redirect("plan", ref=ref)
    messages.success(
        request,
        _("Plan %(new)s is asked for in place of %(old)s. Its agreement is to be printed and signed.")
        % {"new": made.ref, "old": ref},
    )
    return redirect("plan", ref=made.ref)


@require_POST
@needs(VIEW)
def agreement(request: HttpRequest, ref: str, language: str) -> HttpResponseBase:
    """The agreement as a file: printed the first time that somebody who may asks for it, the same ever after for all who see the
    plan. Out of scope is 404."""
    found = _visible(request, ref)
    if language not in dict(settings.LANGUAGES):
        raise Http404
    try:
        made = agreement_of(actor=user_of(request), plan_id=found.pk, language=language)
        return uploads.give(made.file, f"{found.ref}-{language}.pdf", "application/pdf")
    except BookError as error:
        messages.error(request, str(error))
        return redirect("plan", ref=ref)


@require_GET
@needs(VIEW)
def plan_scan(request: HttpRequest, ref: str, language: str) -> HttpResponseBase:
    """The signed agreement as it was handed in. Out of scope, or where there is none, 404."""
    made = get_object_or_404(Agreement.objects.exclude(scan=""), plan=_visible(request, ref), language=language)
    ending = uploads.DOCUMENTS[made.scan_type]
    try:
        return uploads.give(made.scan, f"{ref}-{language}-signed.{ending}", made.scan_type)
    except BookError as error:
        messages.error(request, str(error))
        return redirect("plan", ref=ref)


def _visible(request: HttpRequest, ref: str) -> Plan:
    cases = Subquery(open_case_refs(request.user, OuterRef("customer")))
    visible = plans_visible_to(request.user).select_related(
        "account", "customer", "request", "watch", "rule", "replaces", "replaced_by"
    )
    return get_object_or_404(visible.annotate(case_ref=cases), ref=ref)


def _terms(found: Plan) -> dict[str, Any]:
    terms = Terms.from_json(found.terms)
    return {
        "method": METHODS[terms.method] if found.kind == "instalments" else "",
        "covers": COVERS[terms.covers],
        "late_fee": LATE_FEES[terms.late_fee],
        "rate": percent(terms.annual_rate),
        "day_count": DAY_COUNTS[terms.day_count],
    }


def _chart(rows: list[InstalmentRow]) -> Chart:
    """The instalments as columns, in whole units of the currency; the table below them has the cents."""
    return columns(
        name="schedule",
        title=_("What falls due when"),
        head=_("Month"),
        series=[Series(_("Principal"), "brand"), Series(_("Interest"), "watch"), Series(_("Fees"), "plain")],
        rows=[
            (
                f"{row.instalment.due_on:%y-%m}",
                [round(value) for value in (row.instalment.principal, row.instalment.interest, row.instalment.fee)],
            )
            for row in rows
        ],
    )
