"""How the list of requests is narrowed."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from approvals import kinds
from approvals.models import Request, RequestStatus
from runs.forms import PlainForm


class RequestFilter(django_filters.FilterSet):
    """Which requests: of which kind, in which state."""

    kind = django_filters.ChoiceFilter(
        choices=lambda: list(kinds.LABELS.items()), label=_("Kind"), empty_label=_("Any")
    )
    status = django_filters.ChoiceFilter(choices=RequestStatus, label=_("State"), empty_label=_("Any"))

    class Meta:
        form = PlainForm
        model = Request
        fields: tuple[str, ...] = ()
