"""Jobs of the book: each takes an id and calls a service."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.importing import ImportRefused, ProblemFile, run_import
from accounts.importing.uploads import Upload
from audit.services import Actor, SystemActor
from runs.models import JobRun
from runs.services import advance, fail, finish, tracked_job
from staff.models import User


@tracked_job(idempotent=True)
def import_uploaded(run: JobRun) -> dict[str, Any] | None:
    """Import, or with `dry_run` only check, an upload. It may run again: what is in the book already is not imported twice."""
    with override(run.arguments.get("language")):
        return _import(run)


def _import(run: JobRun) -> dict[str, Any] | None:
    upload = Upload(run.arguments["upload"])
    dry_run: bool = run.arguments["dry_run"]
    sources = upload.sources()
    if not sources:
        fail(run, _("The uploaded files are gone. Upload them again."))
        return None
    try:
        with upload.errors.open("w", encoding="utf-8", newline="") as stream:
            report = run_import(
                sources,
                actor=_actor(run),
                dry_run=dry_run,
                by_one_person=True,
                problem_file=ProblemFile(stream),
                on_progress=lambda done, total: advance(run, done=done, total=total),
            )
    except ImportRefused as error:
        fail(run, str(error))
        return None
    upload.keep_report(report)
    result = {
        "new": report.new_rows,
        "unchanged": sum(count.unchanged for count in report.files),
        "bad": report.bad_rows,
    }
    if report.ok or dry_run:
        finish(run, result)
    else:
        told = ngettext(
            "%(count)d bad row. Nothing was saved.", "%(count)d bad rows. Nothing was saved.", report.bad_rows
        )
        fail(run, told % {"count": report.bad_rows}, result)
    if not (dry_run and report.ok):
        upload.remove_files()
    return None


def _actor(run: JobRun) -> Actor:
    user = User.objects.filter(pk=run.actor_id).first() if run.actor_id else None
    return user or SystemActor(run.actor_name or "import")
