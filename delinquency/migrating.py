"""Fewer models made anew while migrations run: those that changed, and whatever refers to them.

For every operation Django makes anew the models that it changes and all that hang together with them in either direction,
which here is nearly every model there is: ten thousand classes for an empty database, and nine tenths of the time. But a
class is out of date only if it changed, or if it refers, over however many others, to one that is; what a changed model
itself refers to stays as it was. `tests/test_migrating.py` holds that nothing then refers to a forgotten class.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db.migrations.state import ProjectState
from django.db.migrations.utils import resolve_relation

# App and lower-case name, as the state of a migration names a model.
Key = tuple[str, str]


@contextmanager
def only_what_changed() -> Iterator[None]:
    """While this is held, migrations of this process make anew only what is out of date, and that at once: nothing is put off
    until a migration of data asks for models, which then would all be made anew for each."""
    with patch.object(ProjectState, "_find_reload_model", _out_of_date):
        yield


def _out_of_date(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> list[Key]:
    """The model and what refers to it, directly or not."""
    referring = _referring(state)
    found: dict[Key, None] = {(app_label, model_name): None}
    waiting = list(found)
    for key in waiting:
        for other in referring[key]:
            if other not in found:
                found[other] = None
                waiting.append(other)
    return list(found)


def _referring(state: ProjectState) -> dict[Key, list[Key]]:
    """By model: the models with a key to it, a relation through it, or that inherit from it."""
    referring: dict[Key, list[Key]] = defaultdict(list)
    for key, model in state.models.items():
        targets: list[Any] = [base for base in model.bases if isinstance(base, str)]
        for field in model.fields.values():
            if field.remote_field:
                targets += [field.remote_field.model, getattr(field.remote_field, "through", None)]
        for target in filter(None, targets):
            referring[resolve_relation(target, *key)].append(key)
    return referring
