"""Columns to be read, as they are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.contrib import admin
from django.db import models

from accounts.models.book import MoneyField


@lru_cache
def _grouped(field: MoneyField) -> Callable[[Any], str | None]:
    @admin.display(description=field.verbose_name, empty_value="–")
    def shown(row: Any) -> str | None:
        amount = getattr(row, field.name)
        return None if amount is None else f"{amount:,.2f}"

    shown.__name__ = field.name
    return shown


def grouped(model: type[models.Model], names: Iterable[Any]) -> list[Any]:
    """Names of columns to be read; an amount of money among them is shown with its thousands apart."""
    amounts = {field.name: field for field in model._meta.fields if isinstance(field, MoneyField)}
    return [_grouped(amounts[name]) if name in amounts else name for name in names]
