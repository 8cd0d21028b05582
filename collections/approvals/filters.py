"""How the list of requests is narrowed."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from approvals import kinds
from approvals.models import Request, RequestStatus
from approvals.selectors import expiring_soon, pending
from runs.forms import PlainForm

SOON = "soon"


class RequestFilter(django_filters.FilterSet):
    """Which requests: of which kind, in which state, and whether their end is near."""

    kind = django_filters.ChoiceFilter(
        choices=lambda: list(kinds.LABELS.items()), label=_("Kind"), empty_label=_("Any")
    )
    status = django_filters.ChoiceFilter(choices=RequestStatus, label=_("State"), empty_label=_("Any"))
    ends = django_filters.ChoiceFilter(
        choices=[(SOON, _("Expiring soon"))], label=_("Ends"), empty_label=_("Any"), method="ending"
    )

    def ending(self, requests: QuerySet[Request], name: str, value: str) -> QuerySet[Request]:
        return pending(requests).filter(expiring_soon())

    class Meta:
        form = PlainForm
        model = Request
        fields: tuple[str, ...] = ()
