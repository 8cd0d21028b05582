"""What channels cost, to add to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import ReadersAdmin
from accounts.errors import BookError
from accounts.forms import refuse
from reminders.models import ChannelPrice
from reminders.services.channels import add_price, check_price
from runs.forms import SaysWhatIsMissing


class NewPrice(SaysWhatIsMissing, forms.ModelForm):
    """A price from a date on."""

    class Meta:
        model = ChannelPrice
        fields = ["channel", "provider", "effective_from", "currency", "each", "source"]

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if values and not self.errors:
            try:
                check_price(**{name: values[name] for name in ("channel", "provider", "effective_from", "currency")})
            except BookError as error:
                refuse(self, error)  # type: ignore[arg-type]  # a model's form has what a form has
        return values


@admin.register(ChannelPrice)
class ChannelPriceAdmin(ReadersAdmin):
    form = NewPrice
    list_display = ["channel", "provider", "effective_from", "each", "currency", "source"]
    list_filter = ["channel", "provider"]

    def save_model(self, request: HttpRequest, obj: ChannelPrice, form: forms.ModelForm, change: bool) -> None:
        """Through the service, like every change of state."""
        obj.pk = add_price(actor=request.user, **form.cleaned_data).pk

    def has_change_permission(self, request: HttpRequest, obj: ChannelPrice | None = None) -> bool:
        return False
