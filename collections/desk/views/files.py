"""The control totals: of each file of payments, and of each day and source."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import PaymentFile
from desk.filters import FileFilter
from desk.forms import DaysForm
from desk.totals import Day, of_days, of_files, sum_of
from runs.pages import page_or_part
from runs.paging import log_page
from staff.exports import exported, refused
from staff.permissions import needs

VIEW = "accounts.view_paymentfile"
# Without a first day so many of the latest days that had files.
LATEST = 31


@require_GET
@needs(VIEW)
def payment_files(request: HttpRequest) -> HttpResponse:
    """The control total of each file of payments, newest first: received against posted, matched, waiting, refused."""
    filters = FileFilter(request.GET, queryset=PaymentFile.objects.all(), request=request)
    page = log_page(filters.qs, request.GET.get("before"))
    context = {"filter": filters, "page": page, "controls": of_files(page.rows)}
    return page_or_part(request, "desk/files.html", "desk/_files.html", context)


@require_GET
@needs(VIEW)
def payment_days(request: HttpRequest) -> HttpResponse:
    """The control total of each business day and source, newest first, of the days asked for or the latest."""
    form = DaysForm(request.GET)
    days = _days(form)
    context = {"filter": {"form": form}, "days": days, "total": sum_of(days), "latest": LATEST}
    return page_or_part(request, "desk/days.html", "desk/_days.html", context)


@require_GET
@needs(VIEW)
def payment_days_export(request: HttpRequest) -> HttpResponseBase:
    """The same as a file. On the record."""
    form = DaysForm(request.GET)
    if not form.is_valid():
        return refused(request, form, reverse("payment-days"))
    days = _days(form)
    head = [
        *(_("Business day"), _("Imported by"), _("Files"), _("Received"), _("Payments received"), _("Posted")),
        *(_("Matched"), _("Waits"), _("Given back"), _("Known before"), _("Refused"), _("Difference")),
    ]
    return exported(request, "control-totals", head, map(_cells, days), len(days))


def _days(form: DaysForm) -> list[Day]:
    """What the form asks for; nothing where it makes no sense."""
    if not form.is_valid():
        return []
    since, until, source = (form.cleaned_data[name] for name in ("since", "until", "source"))
    files = PaymentFile.objects.all()
    if source:
        files = files.filter(actor_name=source)
    if until:
        files = files.filter(business_day__lte=until)
    if since is None:
        latest = files.order_by("-business_day").values_list("business_day", flat=True).distinct()[:LATEST]
        since = min(latest, default=None)
    return of_days(files.filter(business_day__gte=since)) if since else []


def _cells(one: Day) -> tuple[Any, ...]:
    total = one.totals
    return (
        *(one.day, one.source, one.files, total.received, total.received_number, total.posted, total.matched),
        *(total.waiting, total.returned, total.known, total.refused, total.difference),
    )
