"""What channels cost, and the dated rules for words, to add to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ReadersAdmin
from accounts.errors import BookError
from accounts.forms import refuse
from reminders.models import ChannelPrice, DebtWords, HarmlessWords, OptOutWords, WritingRule
from reminders.services import words
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
                refuse(self, error)
        return values


class ByProvider(admin.SimpleListFilter):
    """A price may hold for one provider, or for whichever serves the channel."""

    title = _("provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        named = ChannelPrice.objects.exclude(provider="").order_by("provider").distinct()
        return [("-", _("whichever it is")), *((name, name) for name in named.values_list("provider", flat=True))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChannelPrice]) -> QuerySet[ChannelPrice]:
        asked = self.value()
        return queryset if asked is None else queryset.filter(provider="" if asked == "-" else asked)


@admin.register(ChannelPrice)
class ChannelPriceAdmin(ReadersAdmin):
    form = NewPrice
    list_display = ["channel", "provider", "effective_from", "each", "currency", "source"]
    list_filter = ["channel", ByProvider]

    def save_model(self, request: HttpRequest, obj: ChannelPrice, form: forms.ModelForm, change: bool) -> None:
        """Through the service, like every change of state."""
        obj.pk = add_price(actor=request.user, **form.cleaned_data).pk

    def has_change_permission(self, request: HttpRequest, obj: ChannelPrice | None = None) -> bool:
        return False


class _Lines(forms.CharField):
    """One entry a line."""

    widget = forms.Textarea(attrs={"rows": 6})

    def clean(self, value: Any) -> list[str]:
        return [line.strip() for line in super().clean(value).splitlines() if line.strip()]


class _NewWords(SaysWhatIsMissing, forms.ModelForm):
    """A list or a rule, from a date on."""

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        if values and not self.errors:
            try:
                words.check(self._meta.model(**values))
            except BookError as error:
                refuse(self, error)
        return values


class NewWords(_NewWords):
    """Words of a language."""

    words = _Lines(label=_("Words"), help_text=_("One a line."))

    class Meta:
        fields = ["language", "effective_from", "words", "source"]


class NewDebtWords(NewWords):
    words = _Lines(
        label=_("Words"),
        help_text=_("One a line. One of letters is meant whole, unless it ends in a star: overdue, repay*."),
    )


class NewHarmlessWords(NewWords):
    words = _Lines(
        label=_("Words"),
        help_text=_("One a line: a whole word in which a word of debt stands though no debt is meant: 退还款项."),
    )


class NewWritingRule(_NewWords):
    """What texts of a kind and channel must say."""

    required = _Lines(
        label=_("Required"),
        required=False,
        help_text=_(
            "One group of variables a line, with commas between: one of each group is needed. lender_contact, pay_url"
        ),
    )

    class Meta:
        fields = ["kind", "channel", "effective_from", "required", "source"]

    def clean_required(self) -> list[list[str]]:
        lines = [[name.strip() for name in line.split(",")] for line in self.cleaned_data["required"]]
        return [[name for name in group if name] for group in lines]


class _WordsAdmin(ReadersAdmin):
    """Rows that are added and never changed."""

    list_filter = ["effective_from"]

    def save_model(self, request: HttpRequest, obj: words.Dated, form: forms.ModelForm, change: bool) -> None:
        """Through the service, like every change of state."""
        words.add(actor=request.user, row=obj)

    def has_change_permission(self, request: HttpRequest, obj: words.Dated | None = None) -> bool:
        return False


@admin.register(WritingRule)
class WritingRuleAdmin(_WordsAdmin):
    form = NewWritingRule
    list_display = ["kind", "channel", "effective_from", "required", "source"]
    list_filter = ["kind", "channel"]


@admin.register(DebtWords)
class DebtWordsAdmin(_WordsAdmin):
    form = NewDebtWords
    list_display = ["language", "effective_from", "words", "source"]


@admin.register(HarmlessWords)
class HarmlessWordsAdmin(_WordsAdmin):
    form = NewHarmlessWords
    list_display = ["language", "effective_from", "words", "source"]


@admin.register(OptOutWords)
class OptOutWordsAdmin(_WordsAdmin):
    form = NewWords
    list_display = ["language", "effective_from", "words", "source"]
