"""Printed letters: the print batches, one of them, and the letters as files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages as notices
from django.core.exceptions import BadRequest
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import Conflict
from reminders.channels import print_folders as folders
from reminders.forms import UndoForm
from reminders.models import InBatch, PrintBatch
from reminders.permissions import letters_in, letters_visible_to
from reminders.services import letters as printing
from runs.paging import PAGE_SIZE, LogPage
from staff.permissions import may, needs, require
from staff.requests import user_of

# What each button of a batch's page does, and what is said then.
DEEDS = {
    "printed": (printing.mark_printed, gettext_lazy("Batch %(name)s is entered as printed.")),
    "posted": (printing.mark_posted, gettext_lazy("Batch %(name)s is entered as handed to the post.")),
}


@require_GET
@needs("reminders.view_message")
def print_batches(request: HttpRequest) -> HttpResponse:
    """The print batches that hold letters in scope, newest first: when each was made, how many letters, what became of it."""
    before = request.GET.get("before", "")
    found = (
        letters_visible_to(request.user)
        .annotate(batch=InBatch())
        .values("batch")
        .annotate(letters=Count("pk"), made_at=Min("sent_at"))
    )
    found = (found.filter(batch__lt=before) if before else found).order_by("-batch")
    rows = list(found[: PAGE_SIZE + 1])
    page = LogPage(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1]["batch"] if len(rows) > PAGE_SIZE else None, not before)
    kept = {one.name: one for one in PrintBatch.objects.filter(name__in=[row["batch"] for row in page.rows])}
    for row in page.rows:
        row["kept"] = kept.get(row["batch"], PrintBatch(name=row["batch"]))
    return render(request, "reminders/print_batches.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("reminders.view_message")
def print_batch(request: HttpRequest, name: str) -> HttpResponse:
    """One print batch and its letters in scope; who prints enters here that it was printed and handed to the post. 404 where
    none is in scope."""
    letters = letters_visible_to(request.user, name).select_related("customer", "contact_point")
    rows = list(letters.order_by("pk"))
    if not rows:
        raise Http404
    status, refused = 200, ""
    verb = request.POST.get("verb", "")
    form = UndoForm(request.POST) if verb == "undo" else None
    if request.method == "POST":
        if form is None and verb not in DEEDS:
            raise BadRequest
        require(request.user, printing.PERMISSION)
        if form is not None and not form.is_valid():
            status = 422
        else:
            try:
                said = _done(request, name, verb, form)
            except Conflict as error:
                status, refused = 409, str(error)
            else:
                notices.success(request, said % {"name": name})
                return redirect("print-batch", name=name)
    batch = PrintBatch.objects.filter(name=name).first() or PrintBatch(name=name)
    entered = batch.state != "waiting" and may(request.user, printing.PERMISSION)
    not_undone = printing.undo_refused(batch) if entered else ""
    context = {
        "batch": batch,
        "form": (form or UndoForm(initial={"seen_state": batch.state})) if entered and not not_undone else None,
        "not_undone": not_undone,
        "undo_until": printing.undo_until(batch) if entered else None,
        "letters": rows,
        "made_at": min(letter.sent_at for letter in rows if letter.sent_at),
        "may_print": may(request.user, printing.PERMISSION),
        "refused": refused,
        **_beside(name, len(rows)),
    }
    return render(request, "reminders/print_batch.html", context, status=status)


def _done(request: HttpRequest, name: str, verb: str, form: UndoForm | None) -> str:
    """Do what a button says; what is said then."""
    if form is not None:
        printing.undo(actor=user_of(request), name=name, **form.cleaned_data)
        return _("What was entered last for batch %(name)s is taken back.")
    do, said = DEEDS[verb]
    do(actor=user_of(request), name=name)
    return str(said)


def _beside(name: str, seen: int) -> dict[str, int | bool]:
    """How many more letters the batch holds: out of sight, and in the folder without a record that they were sent."""
    recorded = letters_in(name).count()
    try:
        there = len(folders.manifest_of(name))
    except folders.Missing:
        return {"unseen": recorded - seen, "unrecorded": 0, "is_there": False}
    return {"unseen": recorded - seen, "unrecorded": max(there - recorded, 0), "is_there": True}


@require_GET
@needs(printing.PERMISSION)
def print_batch_files(request: HttpRequest, name: str) -> HttpResponse:
    """The letters of a batch in scope as one ZIP, on the record; where one cannot be given, the batch's page says why."""
    if not letters_visible_to(request.user, name).exists():
        raise Http404
    take = partial(printing.take_batch, actor=user_of(request), name=name)
    return _given(request, take, f"letters-{name}.zip", "application/zip", reverse("print-batch", args=[name]))


@require_GET
@needs(printing.PERMISSION)
def message_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """One letter as it was printed, on the record; where it cannot be given, the message's page says why. Out of scope is 404."""
    get_object_or_404(letters_visible_to(request.user), pk=pk)
    take = partial(printing.take_letter, actor=user_of(request), message_id=pk)
    return _given(request, take, f"letter-{pk}.pdf", "application/pdf", reverse("message", args=[pk]))


def _given(request: HttpRequest, take: Callable[[], bytes], name: str, media_type: str, page: str) -> HttpResponse:
    """What is taken, as a file; where it cannot be, `page` says why."""
    try:
        data = take()
    except Conflict as error:
        notices.error(request, str(error))
        return redirect(page)
    return HttpResponse(
        data, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
