"""What was decided about debts, to read: it is asked for and decided elsewhere, with four eyes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy

from accounts.admin.base import ReadAdmin, of_account
from accounts.admin.ledger import OfAccount
from accounts.models import Acceleration, Relief, ReliefReversal, Watch


@admin.register(Relief)
class ReliefAdmin(OfAccount):
    list_display = ["ref", "account", "kind", "bill", "amount", "effective_on", "recorded_at", "reason"]
    list_filter = ["kind"]
    list_select_related = ["account", "bill"]
    date_hierarchy = "effective_on"
    search_help_text = gettext_lazy("The beginning of a relief's reference, or a whole account reference")

    def found_by(self, term: str) -> Q:
        return Q(ref__startswith=term) | of_account(term)


@admin.register(ReliefReversal)
class ReliefReversalAdmin(ReadAdmin):
    list_display = ["relief", "account", "effective_on", "recorded_at", "reason"]
    list_select_related = ["relief__account"]
    date_hierarchy = "effective_on"
    search_help_text = gettext_lazy("A whole relief or account reference")

    @admin.display(description=gettext_lazy("Account"))
    def account(self, reversal: ReliefReversal) -> Any:
        return reversal.relief.account

    def found_by(self, term: str) -> Q:
        return Q(relief__in=Relief.objects.filter(Q(ref=term) | of_account(term)).values_list("pk", flat=True))


@admin.register(Watch)
class WatchAdmin(OfAccount):
    list_display = ["account", "floor", "starts_on", "ends_on", "reason", "known_from", "withdrawn_at"]
    list_filter = ["floor", ("withdrawn_at", admin.EmptyFieldListFilter)]


@admin.register(Acceleration)
class AccelerationAdmin(OfAccount):
    list_display = ["account", "due_on", "notified_on", "reason", "known_from", "withdrawn_at"]
    list_filter = [("withdrawn_at", admin.EmptyFieldListFilter)]
