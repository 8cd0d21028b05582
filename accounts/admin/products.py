"""Products, and the dated rows that govern them: validated, recorded, and never into the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.base import BookForm, EntryAdmin, ReadInline, add_link
from accounts.errors import Invalid
from accounts.models import (
    AllocationRule,
    BucketRow,
    BucketTable,
    Product,
    ProductTerms,
    RiskClass,
    RiskRow,
    RiskTable,
)
from accounts.services import configuration
from accounts.services.configuration import TERMS
from runs.forms import SaysWhatIsMissing
from staff.admin.columns import NamedRows

AHEAD = gettext_lazy(
    "Once accounts stand under it: a day after the open business day. The close of that day takes it up. The date stays."
)


class DatedForm(BookForm):
    """A row in force from a date on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "effective_from" in self.fields:
            self.fields["effective_from"].help_text = AHEAD


class NewProductForm(DatedForm):
    """A product with its first terms: without any, no account of it could be judged."""

    effective_from = forms.DateField(label=gettext_lazy("In force from"), widget=AdminDateWidget)
    locals().update(forms.fields_for_model(ProductTerms, fields=TERMS))


class TermsInline(ReadInline):
    model = ProductTerms
    fields = [
        "effective_from", "grace_days", "minimum_rule", "minimum_rate", "rolls_over", "missed_limit",
        "late_fee_daily_rate", "all_in_annual_cap", "source",
    ]  # fmt: skip


@admin.register(Product)
class ProductAdmin(EntryAdmin):
    entered = ["code", "name", "is_active", "effective_from", *TERMS]
    shown = ["code"]
    amended = ["name", "is_active"]
    inlines = [TermsInline]
    list_display = ["code", "name", "is_active"]
    list_filter = ["is_active"]
    ordering = ["code"]
    search_help_text = gettext_lazy("The beginning of a code or name")

    def found_by(self, term: str) -> Q:
        return Q(code__istartswith=term) | Q(name__istartswith=term)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """An account may be opened only of a product that may be sold; other choices name all of them."""
        if request.GET.get("model_name") == "account":
            queryset = queryset.filter(is_active=True)
        return super().get_search_results(request, queryset, search_term)

    def get_form(
        self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        if obj is None:
            kwargs["form"] = NewProductForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> Any:
        return self.inlines if obj else []

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> Product:
        return configuration.register_product(
            actor=request.user,
            code=values["code"],
            name=values["name"],
            is_active=values["is_active"],
            effective_from=values["effective_from"],
            terms={name: values[name] for name in TERMS},
        )

    def amend(self, request: HttpRequest, obj: Product, values: dict[str, Any]) -> Product:
        return configuration.change_product(actor=request.user, product_id=obj.pk, **values)

    def links(self, request: HttpRequest, obj: Product) -> Sequence[tuple[Any, str]]:
        return add_link(request, "productterms", _("Add terms"), product=obj.pk)


@admin.register(ProductTerms)
class ProductTermsAdmin(EntryAdmin):
    form = DatedForm
    entered = ["product", "effective_from", *TERMS]
    shown = ["product", "effective_from"]
    amended = TERMS
    autocomplete_fields = ["product"]
    list_display = [
        "product", "effective_from", "grace_days", "minimum_rule", "minimum_rate", "rolls_over", "missed_limit",
        "late_fee_daily_rate", "all_in_annual_cap", "source",
    ]  # fmt: skip
    list_filter = ["product", "minimum_rule"]
    list_select_related = ["product"]
    search_help_text = gettext_lazy("The beginning of a product's code")

    def found_by(self, term: str) -> Q:
        return Q(product__code__istartswith=term)

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> ProductTerms:
        return configuration.add_terms(
            actor=request.user,
            product_id=values["product"].pk,
            effective_from=values["effective_from"],
            terms={name: values[name] for name in TERMS},
        )

    def amend(self, request: HttpRequest, obj: ProductTerms, values: dict[str, Any]) -> ProductTerms:
        return configuration.change_terms(actor=request.user, terms_id=obj.pk, terms=values)


@admin.register(AllocationRule)
class AllocationRuleAdmin(EntryAdmin):
    form = DatedForm
    entered = ["effective_from", "steps", "components", "source"]
    shown = ["version", "effective_from"]
    amended = ["steps", "components", "source"]
    list_display = ["version", "effective_from", "steps", "components", "source"]
    search_fields = []

    def enter(self, request: HttpRequest, values: dict[str, Any]) -> AllocationRule:
        return configuration.add_allocation_rule(actor=request.user, **values)

    def amend(self, request: HttpRequest, obj: AllocationRule, values: dict[str, Any]) -> AllocationRule:
        return configuration.change_allocation_rule(actor=request.user, rule_id=obj.pk, **values)


class RowsFormSet(NamedRows):
    """The rows of a table, judged together."""

    def rows(self) -> list[tuple[Any, ...]]:
        """What the table shall be, as its service takes it."""
        names = [name for name in self.form.base_fields if name not in ("id", "table", "DELETE")]
        return [
            tuple(form.cleaned_data[name] for name in names)
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE") and all(n in form.cleaned_data for n in names)
        ]

    def check_rows(self, rows: list[tuple[Any, ...]]) -> None:
        """Refuse (Invalid) what the rows make together."""
        raise NotImplementedError

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            try:
                self.check_rows(self.rows())
            except Invalid as refusal:
                raise forms.ValidationError(str(refusal)) from None


class BucketRowsFormSet(RowsFormSet):
    def check_rows(self, rows: list[tuple[Any, ...]]) -> None:
        configuration.check_buckets(rows)


class RiskRowsFormSet(RowsFormSet):
    def check_rows(self, rows: list[tuple[Any, ...]]) -> None:
        configuration.check_classes(rows)


class BucketRowInline(admin.TabularInline):
    model = BucketRow
    formset = BucketRowsFormSet
    fields = ["code", "from_days", "to_days"]
    ordering = ["from_days"]
    extra = 0
    min_num = 1


class RiskRowForm(SaysWhatIsMissing, forms.ModelForm):
    risk_class = forms.ChoiceField(
        label=gettext_lazy("Class"), choices=[choice for choice in RiskClass.choices if choice[0] != RiskClass.NORMAL]
    )

    class Meta:
        model = RiskRow
        fields = ["risk_class", "over_days"]


class RiskRowInline(admin.TabularInline):
    model = RiskRow
    form = RiskRowForm
    formset = RiskRowsFormSet
    fields = ["risk_class", "over_days"]
    ordering = ["over_days"]
    extra = 0
    min_num = 1


class TableAdmin(EntryAdmin):
    """A dated table, saved with all its rows at once."""

    form = DatedForm
    search_fields = []
    ordering = ["-effective_from"]

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        """Nothing yet: the table and its rows are one."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        table = form.instance
        values = {"effective_from": table.effective_from, **form.cleaned_data}
        for formset in formsets:
            saved = self.save_table(request, table.pk, values, formset.rows())
            # Django asks for these when it writes its own log: the record has the rows, before and after.
            formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
            table.pk = saved.pk

    def save_table(
        self, request: HttpRequest, table_id: int | None, values: dict[str, Any], rows: list[tuple[Any, ...]]
    ) -> Any:
        """Save it by its service."""
        raise NotImplementedError


@admin.register(BucketTable)
class BucketTableAdmin(TableAdmin):
    entered = ["effective_from", "source"]
    shown = ["effective_from"]
    amended = ["source"]
    inlines = [BucketRowInline]
    list_display = ["effective_from", "source"]

    def save_table(
        self, request: HttpRequest, table_id: int | None, values: dict[str, Any], rows: list[tuple[Any, ...]]
    ) -> BucketTable:
        return configuration.save_bucket_table(actor=request.user, table_id=table_id, rows=rows, **values)


@admin.register(RiskTable)
class RiskTableAdmin(TableAdmin):
    entered = ["effective_from", "worst_spreads", "source"]
    shown = ["effective_from"]
    amended = ["worst_spreads", "source"]
    inlines = [RiskRowInline]
    list_display = ["effective_from", "worst_spreads", "source"]

    def save_table(
        self, request: HttpRequest, table_id: int | None, values: dict[str, Any], rows: list[tuple[Any, ...]]
    ) -> RiskTable:
        return configuration.save_risk_table(actor=request.user, table_id=table_id, rows=rows, **values)
