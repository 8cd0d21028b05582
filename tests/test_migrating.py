"""While migrations run only what is out of date is made anew, and nothing refers to what was forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import AddField, AddIndex, AlterField, CreateModel
from django.db.migrations.state import ProjectState

from delinquency.migrating import only_what_changed
from tests.sizes import FULL

KEY = ("id", models.BigAutoField(primary_key=True))
PARENT = ("payment_ptr", models.OneToOneField("book.payment", models.CASCADE, parent_link=True, primary_key=True))
NAME = models.CharField(max_length=9, default="")


def to(model: str, **options: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(model, models.CASCADE, **options)


@pytest.fixture
def state() -> Iterator[ProjectState]:
    """A customer, her account, its payment and a child of that; two that nothing joins to the customer but what they refer to
    or what goes through them; and one alone."""
    state = ProjectState()
    for name, fields, bases in (
        ("Branch", [KEY], ()),
        ("Customer", [KEY, ("branch", to("book.branch")), ("head", to("self", null=True))], ()),
        ("Account", [KEY, ("customer", to("book.customer"))], ()),
        ("Payment", [KEY, ("account", to("book.account"))], ()),
        ("CardPayment", [PARENT], ("book.payment",)),
        ("Party", [KEY, ("account", to("book.account")), ("tag", to("book.tag"))], ()),
        ("Tag", [KEY, ("accounts", models.ManyToManyField("book.account", through="book.party"))], ()),
        ("Note", [KEY, ("tags", models.ManyToManyField("book.tag"))], ()),
        ("Alone", [KEY, ("branch", to("book.branch"))], ()),
    ):
        CreateModel(name, fields, bases=bases or (models.Model,)).state_forwards("book", state)
    assert state.apps
    with only_what_changed():
        yield state


def forgotten(state: ProjectState) -> list[str]:
    """What refers to a class that is no longer the model of that name."""
    found = []
    for model in state.apps.get_models(include_auto_created=True):
        known = {base for base in model.__mro__ if isinstance(base, models.base.ModelBase) and hasattr(base, "_meta")}
        for field in model._meta.get_fields(include_hidden=True):
            through = getattr(field.remote_field, "through", None) if field.is_relation else None
            known |= {one for one in (field.related_model, through) if isinstance(one, type)}
        for one in known:
            if state.apps.get_model(one._meta.label) is not one:
                found.append(f"{model._meta.label} -> {one._meta.label}")
    return found


def classes(state: ProjectState) -> dict[str, type[models.Model]]:
    return {model.__name__: model for model in state.apps.get_models()}


OF_ACCOUNTS = {"Account", "Payment", "CardPayment", "Party", "Tag", "Note"}


@pytest.mark.parametrize(
    ("operation", "anew"),
    [
        (AddField("alone", "name", NAME), {"Alone"}),
        (AddField("cardpayment", "name", NAME), {"CardPayment"}),
        (AddIndex("payment", models.Index(fields=["account"], name="x")), {"Payment", "CardPayment"}),
        (AddField("party", "name", NAME), {"Party", "Tag", "Note"}),
        (AddField("account", "branch", to("book.branch", null=True)), OF_ACCOUNTS),
        (AlterField("branch", "id", models.UUIDField(primary_key=True)), OF_ACCOUNTS | {"Branch", "Customer", "Alone"}),
        (AlterField("alone", "branch", to("book.customer")), {"Alone"}),
        (CreateModel("Other", [KEY, ("customer", to("book.customer"))]), {"Other"}),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else "",
)  # fmt: skip
def test_what_changed_and_what_refers_to_it_is_made_anew_and_nothing_else(
    state: ProjectState, operation: Any, anew: set[str]
) -> None:
    before = classes(state)
    operation.state_forwards("book", state)
    assert {name for name, model in classes(state).items() if before.get(name) is not model} == anew
    assert not forgotten(state)


def test_who_is_asked_for_related_rows_names_the_new_model(state: ProjectState) -> None:
    """The branch was not made anew: its ways back to what refers to it were."""
    AddField("alone", "name", NAME).state_forwards("book", state)
    made = classes(state)
    assert made["Branch"]._meta.get_field("alone").related_model is made["Alone"]
    assert made["Branch"].alone_set.rel.related_model is made["Alone"]  # type: ignore[attr-defined]


def test_every_migration_there_is_leaves_nothing_forgotten() -> None:
    """Only what they say of models: the database was made by them (`tests/migrated.py`)."""
    loader = MigrationExecutor(None).loader
    state = ProjectState()
    assert state.apps
    with only_what_changed():
        for node in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):  # type: ignore[attr-defined]
            state = loader.graph.nodes[node].mutate_state(state, preserve=False)
            assert not FULL or not forgotten(state), node
    assert not forgotten(state)
    whole = loader.project_state().apps
    assert {model._meta.label for model in whole.get_models()} == {
        model._meta.label for model in state.apps.get_models()
    }


@pytest.mark.django_db
def test_the_command_has_nothing_to_do_where_all_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migrate")
    assert "No migrations to apply" in capsys.readouterr().out
