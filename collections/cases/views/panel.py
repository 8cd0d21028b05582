"""The page of a case with its action panel, whole or in parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactPoint
from cases import forms
from cases.errors import StaleScreen
from cases.models import Case
from cases.permissions import visible_to
from cases.selectors import timeline
from cases.selectors.contacts import whom
from cases.selectors.desk import CaseDesk, with_day
from cases.selectors.timeline import KINDS
from cases.views.verbs import VERBS, Verb
from runs.once import new_key
from runs.pages import is_part, page_or_part, vary
from staff.models import User
from staff.permissions import may, scope_of

KIND_LABELS = (
    ("", _("All")),
    ("contact", _("Contact")),
    ("money", _("Money")),
    ("work", _("Work")),
    ("standing", _("Standing")),
    ("record", _("Record")),
)
OWN_TEMPLATES = {
    forms.CallForm: "call",
    forms.ContactForm: "contact",
    forms.InboundForm: "contact",
    forms.PromiseForm: "promise",
}


@dataclass(frozen=True)
class Panel:
    """The open form. `seen_version` is that of the case as the reader saw it; `stale` what changed since, if it did."""

    desk: CaseDesk
    verb: Verb
    form: forms.ActionForm
    seen_version: int
    target: Any = None
    stale: StaleScreen | None = None
    refusal: str = ""
    key: str = field(default_factory=new_key)  # of the form as it is drawn: sent twice, it is done once
    to_confirm: bool = False  # a promise was divided on saving: nothing is saved yet

    @property
    def address(self) -> str:
        return address_of(self.desk.case, self.verb, self.target)

    @property
    def template(self) -> str:
        return f"cases/forms/{OWN_TEMPLATES.get(type(self.form), 'plain')}.html"

    @cached_property
    def stands(self) -> bool:
        """Whether the call that was asked for may still be started."""
        reserved = self.form.reserved if isinstance(self.form, forms.ContactForm) else None
        return reserved is not None and self.desk.still_stands(reserved)

    @property
    def number(self) -> str:
        """The number to dial, in clear, for as long as the call that was asked for may be made."""
        if self._point is None:
            return ""
        return self._point.value if self._clear else self._point.masked_value

    @property
    def whom(self) -> str:
        """Whom to ask for there, by the whole name, for as long as the number is shown in clear."""
        return whom(self._point) if self._point is not None and self._clear else ""

    @cached_property
    def _point(self) -> ContactPoint | None:
        reserved = self.form.reserved if isinstance(self.form, forms.ContactForm) else None
        if reserved is None:
            return None
        return next((one.point for one in self.desk.reaches if one.point.pk == reserved["point"]), None)

    @cached_property
    def _clear(self) -> bool:
        return self.stands and may(self.desk.user, "accounts.reveal_contactpoint")


def address_of(case: Case, verb: Verb, target: Any = None) -> str:
    return reverse(verb.name, args=[case.ref, target.pk] if target is not None else [case.ref])


def desk_of(user: User, ref: str) -> CaseDesk:
    """What `user` has before her of the case; out of sight is 404."""
    return CaseDesk(get_object_or_404(with_day(visible_to(user)), ref=ref), user)


def whole(
    request: HttpRequest,
    desk: CaseDesk,
    panel: Panel | None = None,
    *,
    said: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page; for HTMX the panel and every part that may have changed beside it."""
    context = _panel_context(desk, panel) | {
        **_timeline_context(request, desk),
        "closed_day": desk.closed_day,
        "said": said,
        "oob": is_part(request),
    }
    return page_or_part(request, "cases/case.html", "cases/_answer.html", context, status=status)


def panel_alone(request: HttpRequest, panel: Panel, *, status: int = 200) -> HttpResponse:
    """The panel for HTMX; without it the page with the panel in it."""
    if not is_part(request):
        return whole(request, panel.desk, panel, status=status)
    return vary(render(request, "cases/_panel.html", _panel_context(panel.desk, panel), status=status))


def timeline_alone(request: HttpRequest, desk: CaseDesk) -> HttpResponse:
    context = _panel_context(desk, None) | _timeline_context(request, desk)
    return vary(render(request, "cases/_timeline.html", context))


def _panel_context(desk: CaseDesk, panel: Panel | None) -> dict[str, Any]:
    return {
        "desk": desk,
        "is_mine": desk.is_mine,
        "case": desk.case,
        "panel": panel,
        "verbs": [verb for verb in VERBS if verb.target is None and verb.is_offered(desk)],
        "beside": {verb.code.replace("-", "_"): verb.is_offered(desk) for verb in VERBS if verb.target is not None},
        "takes_next": may(desk.user, "cases.work_case"),
        "complains": may(desk.user, "compliance.add_complaint"),
        "places_flag": any(verb.code == "flag" and verb.is_offered(desk) for verb in VERBS),
        "sees_deferrals": may(desk.user, "accounts.place_deferral") or scope_of(desk.user).everything,
        "may_call": any(verb.code == "call" and verb.is_offered(desk) for verb in VERBS),
    }


def _timeline_context(request: HttpRequest, desk: CaseDesk) -> dict[str, Any]:
    kind = request.GET.get("timeline", "")
    kind = kind if kind in KINDS else ""
    masked = {contact.point.pk: contact.masked for contact in desk.contacts}
    entries = timeline(desk.case.customer_id, kind)
    for entry in entries:
        if entry.what in ("contact", "refusal"):
            entry.facts["masked"] = masked.get(entry.facts["contact_point"], "")
    return {"entries": entries, "kind": kind, "kinds": KIND_LABELS}
