"""What of templates is asked for and decided by another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from approvals.kinds import Kind
from approvals.models import Request
from reminders.models import TemplateVersion
from reminders.previews import as_read, made_up, template_of
from reminders.services.templates import KIND, WRITE, approve_version, check_approvable
from staff.models import User


class ApproveTemplate(Kind):
    """A version of a template, to be carried by messages from then on."""

    code = KIND
    label = gettext_lazy("Approve a template")
    ask_permission = WRITE
    decide_permission = "reminders.approve_template"
    about_customers = False
    template = "reminders/_template_request.html"
    valid_for = timedelta(days=30)

    def check(self, request: Request) -> None:
        version = TemplateVersion.objects.select_related("template").select_for_update(of=("self",))
        check_approvable(version.get(pk=request.payload["version"]), request.payload["edits"])

    def apply(self, request: Request, *, actor: User) -> None:
        approve_version(actor=actor, version_id=request.payload["version"])

    def shown(self, request: Request) -> dict[str, Any]:
        """The words as they read, with values made up; the reader may have them shown with a case that she sees."""
        template = template_of(request)
        return {"template": template, **as_read(template, request.preview["texts"], made_up(template.kind))}

    def url(self, request: Request) -> str:
        name = TemplateVersion.objects.values_list("template__name", flat=True).get(pk=request.payload["version"])
        return reverse("template", args=[name])
