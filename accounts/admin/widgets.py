"""Fields of the book's admin that show less than they are given."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.widgets import AdminTextInputWidget, AutocompleteSelect

from runs.pages import number_in


class Unechoed(AdminTextInputWidget):
    """Takes a personal number and never shows it again."""

    def __init__(self) -> None:
        super().__init__({"autocomplete": "off"})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class KeyedAutocomplete(AutocompleteSelect):
    """Shows what is chosen by its key; what is no key (a forged address) shows nothing, and the field says what is wrong."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [key for key in value if not key or number_in(str(key)) is not None], attr)
