"""What upper floors offer about a row on its page in data entry. They register it in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model

from staff.permissions import Anyone

# Given who looks and the row: (words, address) of each thing offered to her.
Tool = Callable[[Anyone, Any], Sequence[tuple[Any, str]]]

_tools: dict[type[Model], list[Tool]] = {}


def add_tool(model: type[Model], tool: Tool) -> None:
    """Offer something on the page of each row of `model`."""
    registered = _tools.setdefault(model, [])
    if tool not in registered:
        registered.append(tool)


def tools_of(user: Anyone, row: Model) -> list[tuple[Any, str]]:
    """What is offered to `user` about `row`, in the order of registration."""
    return [offered for tool in _tools.get(type(row), ()) for offered in tool(user, row)]
