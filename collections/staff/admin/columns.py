"""Columns to be read, as they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from django import forms
from django.contrib.admin import helpers
from django.db import models

# Digits in all, and those behind the point, by which a column of money, or of a limit on it, is known.
AMOUNT = (14, 2)


class Amount:
    """A column with an amount of money, its thousands apart. Its cells and its heading have a class that begins with `money-`,
    by which they stand at the right."""

    do_not_call_in_templates = True

    def __init__(self, field: models.DecimalField[Any, Any]) -> None:
        self.name = field.name
        self.short_description = field.verbose_name
        self.__name__ = f"money-{field.name}"

    def __str__(self) -> str:
        return self.__name__

    def __call__(self, row: Any) -> str:
        amount = getattr(row, self.name)
        return "–" if amount is None else f"{amount:,.2f}"


_amount = lru_cache(Amount)


def grouped(model: type[models.Model], names: Iterable[Any]) -> list[Any]:
    """Names of columns to be read; an amount of money among them is shown with its thousands apart."""
    decimals = (field for field in model._meta.fields if isinstance(field, models.DecimalField))
    amounts = {field.name: field for field in decimals if (field.max_digits, field.decimal_places) == AMOUNT}
    return [_amount(amounts[name]) if name in amounts else name for name in names]


class NamedRows(forms.BaseInlineFormSet):
    """Forms whose fields stand in rows under headings: each field has its heading's words as its name, for who does not see
    those."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label or ""))


class GroupedRows(helpers.InlineAdminFormSet):
    """The rows of an inline that are to be read as `grouped` shows them, beside new ones that are entered."""

    @classmethod
    def of(cls, rows: helpers.InlineAdminFormSet) -> GroupedRows:
        made = cls.__new__(cls)
        made.__dict__ = rows.__dict__
        return made

    def __iter__(self) -> Iterator[helpers.InlineAdminForm]:
        for row in super().__iter__():
            if row.original is not None:
                row.fieldsets = [
                    (name, {**options, "fields": self._grouped(options["fields"])}) for name, options in row.fieldsets
                ]
                row.readonly_fields = self._grouped(row.readonly_fields)
            yield row

    def fields(self) -> Iterator[dict[str, Any]]:
        """The headings; those of amounts stand where the amounts do."""
        for field in super().fields():
            yield field | {"name": str(self._grouped([field["name"]])[0])}

    def _grouped(self, names: Iterable[Any]) -> list[Any]:
        return grouped(self.opts.model, names)
