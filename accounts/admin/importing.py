"""The import page: upload, check with progress, look at what is wrong, import."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.errors import Invalid
from accounts.importing.files import FILES
from accounts.importing.uploads import Upload, keep_upload
from runs.forms import SaysWhatIsMissing
from runs.models import JobRun
from runs.permissions import visible_to
from runs.services import enqueue
from staff.models import User

KIND = "import"
FUNCTION = "accounts.jobs.import_uploaded"
# Who may enter every kind of row may import them.
PERMISSIONS = [f"accounts.add_{model}" for model in ("customer", "contactpoint", "account", "bill", "payment", "hold")]
LISTED = 10


class SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """One file or several."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFilesField, self).clean(item, initial) for item in given or [None]]


class UploadForm(SaysWhatIsMissing, forms.Form):
    uploaded = SeveralFilesField(
        label=_("Files"), help_text=_("CSV files of an import, or a zip archive of them."), max_length=200
    )
    check_only = forms.BooleanField(
        label=_("Check first"),
        help_text=_("Shows what would be imported and what is wrong; you import it afterwards."),
        required=False,
        initial=True,
    )


def may_import(request: HttpRequest) -> bool:
    """Whether the user may import a book."""
    return cast(User, request.user).has_perms(PERMISSIONS)


class ImportPages(admin.ModelAdmin):
    """Gives a model's admin the pages of the import: `admin:accounts_import` and what follows from there."""

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("import/", guarded(self.import_view), name="accounts_import"),
            path("import/<uuid:pk>/", guarded(self.import_run_view), name="accounts_import_run"),
            path("import/<uuid:pk>/errors.csv", guarded(self.import_errors_view), name="accounts_import_errors"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "may_import": may_import(request)})

    def import_view(self, request: HttpRequest) -> HttpResponseBase:
        """Take files and send them to a worker."""
        _require(request)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                upload = keep_upload(form.cleaned_data["uploaded"])
            except Invalid as error:
                form.add_error("uploaded", str(error))
            else:
                return _enqueue(request, upload.token, dry_run=form.cleaned_data["check_only"])
        runs = visible_to(request.user).filter(kind=KIND)[:LISTED]
        return self._render(
            request, "import.html", {"title": _("Import a book"), "form": form, "runs": runs, "files": FILES}
        )

    def import_run_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """How far an import is and what it found; POST imports what was checked."""
        run = _run(request, pk)
        upload = Upload(run.arguments["upload"])
        report = upload.report() if run.is_finished else None
        may_go_on = bool(run.arguments["dry_run"] and report and not report["problems_total"] and upload.sources())
        if request.method == "POST":
            if may_go_on:
                return _enqueue(request, upload.token, dry_run=False)
            messages.error(request, _("There is nothing left to import here. Upload the files again."))
        context = {
            "title": _("Check of a book") if run.arguments["dry_run"] else _("Import of a book"),
            "run": run,
            "report": report,
            "may_go_on": may_go_on,
            "has_errors": bool(report and report["problems_total"] and upload.errors.exists()),
        }
        return self._render(request, "import_run.html", context)

    def import_errors_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        """Every problem, as a file."""
        upload = Upload(_run(request, pk).arguments["upload"])
        if not upload.errors.exists():
            raise Http404
        return FileResponse(
            upload.errors.open("rb"), as_attachment=True, filename="errors.csv", content_type="text/csv"
        )

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        return render(
            request,
            f"admin/accounts/{template}",
            {**self.admin_site.each_context(request), "opts": self.opts, **context},
        )


def _require(request: HttpRequest) -> None:
    if not may_import(request):
        raise PermissionDenied


def _run(request: HttpRequest, pk: UUID) -> JobRun:
    _require(request)
    return get_object_or_404(visible_to(request.user), pk=pk, kind=KIND)


def _enqueue(request: HttpRequest, token: str, *, dry_run: bool) -> HttpResponse:
    with transaction.atomic():
        run = enqueue(
            kind=KIND,
            function=FUNCTION,
            # In whose language what is wrong is told.
            arguments={"upload": token, "dry_run": dry_run, "language": get_language()},
            actor=cast(User, request.user),
        )
    return redirect("admin:accounts_import_run", run.pk)
