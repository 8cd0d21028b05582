"""Templates as they are written and put forward."""

from __future__ import annotations

from approvals.models import Request
from reminders.models import Template, TemplateVersion
from reminders.services import templates as services
from staff.models import User

GOOD = "{lender}: {accounts}. {pay_url} {lender_contact}"


def words(body: str = GOOD, subject: str = "Hello") -> dict[str, dict[str, str]]:
    return {language: {"subject": subject, "body": body} for language in ("en", "zh-hans")}


def drafted(writer: User, **texts: str) -> TemplateVersion:
    template = Template.objects.get(name="first-late")
    version = services.begin_draft(actor=writer, template_id=template.pk)
    return services.write_draft(actor=writer, version_id=version.pk, seen_edits=version.edits, texts=words(**texts))


def submitted(writer: User) -> tuple[TemplateVersion, Request]:
    version = drafted(writer)
    request = services.submit_draft(actor=writer, version_id=version.pk, seen_edits=version.edits, reason="Shorter")
    return version, request
