"""The one way from a template to a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reminders import texts


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as it goes out: its subject (one line) and its body."""

    subject: str
    body: str


def render(name: str, version: int, language: str, values: Mapping[str, Any]) -> Rendered:
    """The text of one version of a template in a language, filled with `values`."""
    return Rendered(*texts.render(name=name, version=version, language=language, **values))
