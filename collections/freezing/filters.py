"""How the list of commands is narrowed."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountStatus
from freezing.models import CommandStatus, CommandVerb, CoreCommand
from runs.forms import PlainForm


class CommandFilter(django_filters.FilterSet):
    """Which commands, in which state, about which account or customer."""

    q = django_filters.CharFilter(method="about", label=_("Account or customer"))
    verb = django_filters.ChoiceFilter(choices=CommandVerb, label=_("Command"), empty_label=_("Any"))
    status = django_filters.ChoiceFilter(choices=CommandStatus, label=_("State"), empty_label=_("Any"))
    account = django_filters.ChoiceFilter(
        field_name="account__status", choices=AccountStatus, label=_("Account is"), empty_label=_("Any")
    )

    class Meta:
        form = PlainForm
        model = CoreCommand
        fields: tuple[str, ...] = ()

    def about(self, queryset: QuerySet[CoreCommand], name: str, value: str) -> QuerySet[CoreCommand]:
        words = value.strip()
        return queryset.filter(account__ref=words) | queryset.filter(account__customer__ref=words)
