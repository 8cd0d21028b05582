"""The part of a plan's page by which its signature comes in: the paper's scan, or a one-time code."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.errors import BookError, Conflict
from accounts.forms import refuse
from compliance.sentences import say
from restructuring.forms import EnterCodeForm, SendCodeForm, SignForm
from restructuring.models import Plan
from restructuring.selectors.signing import latest_code, state_of
from restructuring.services.agreements import sign_by_scan
from restructuring.services.codes import send_code, sign_by_code
from staff.requests import user_of


class SigningCard:
    """The three forms of a plan that waits for its signature, one of them bound where it was sent, and the code that waits."""

    def __init__(self, request: HttpRequest, plan: Plan) -> None:
        self.request, self.plan = request, plan
        self.verb = request.POST.get("verb", "scan") if request.method == "POST" else ""
        own = {"language": get_language()}
        self.forms: dict[str, forms.Form] = {
            "scan": SignForm(**self._sent("scan"), initial=own, auto_id="scan-%s"),
            "send": SendCodeForm(
                **self._sent("send"), plan=plan, actor=user_of(request), initial=own, auto_id="send-%s"
            ),
            "enter": EnterCodeForm(**self._sent("enter"), auto_id="enter-%s"),
        }
        if self.verb and self.verb not in self.forms:
            raise BadRequest

    def _sent(self, verb: str) -> dict[str, Any]:
        return {"data": self.request.POST, "files": self.request.FILES} if verb == self.verb else {}

    def act(self) -> str:
        """Do what was sent; what to say of it, or blank: then the form says what is wrong."""
        form = self.forms[self.verb]
        if not form.is_valid():
            return ""
        try:
            return {"scan": self._scan, "send": self._send, "enter": self._enter}[self.verb](form.cleaned_data)
        except BookError as error:
            refuse(form, error)
            return ""

    def _scan(self, data: dict[str, Any]) -> str:
        sign_by_scan(actor=user_of(self.request), plan_id=self.plan.pk, language=data["language"], file=data["scan"])
        return _("The signature is recorded.")

    def _send(self, data: dict[str, Any]) -> str:
        answer = send_code(
            actor=user_of(self.request),
            plan_id=self.plan.pk,
            language=data["language"],
            contact_point_id=data["contact_point"],
        )
        point = answer.decision.contact_point
        if answer.code is None:
            raise Conflict(say(answer.decision, point=point, channel=answer.decision.channel))
        return _("A code is on its way: %(point)s.") % {"point": point}

    def _enter(self, data: dict[str, Any]) -> str:
        sign_by_code(actor=user_of(self.request), plan_id=self.plan.pk, code_id=data["sent"], entered=data["code"])
        return _("The signature is recorded.")

    @property
    def errors(self) -> forms.Form | None:
        """The form that was refused, if one was."""
        form = self.forms.get(self.verb)
        return form if form is not None and form.errors else None


def code_context(plan: Plan) -> dict[str, Any]:
    """How the code that was sent last stands."""
    code = latest_code(plan)
    return {"code": code, "code_state": state_of(code) if code else ""}
