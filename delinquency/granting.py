"""How migrations give rights to the installed roles, and take them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def granted(permissions: Mapping[str, Iterable[str]]) -> migrations.RunPython:
    """The operation that gives roles, by their codes, further permissions ("app.verb_model"), and back takes them away.
    A role that an administrator removed stays removed."""
    give, take = _giving(permissions)
    return migrations.RunPython(give, take)


def revoked(permissions: Mapping[str, Iterable[str]]) -> migrations.RunPython:
    """`granted` the other way round: takes permissions from roles, and back gives them again."""
    give, take = _giving(permissions)
    return migrations.RunPython(take, give)


Work = Callable[[Apps, BaseDatabaseSchemaEditor], None]


def _giving(permissions: Mapping[str, Iterable[str]]) -> tuple[Work, Work]:
    def grant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for held, rows in held_by(apps, schema_editor):
            held.add(*rows)

    def revoke(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for held, rows in held_by(apps, schema_editor):
            held.remove(*rows)

    def held_by(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> Iterator[tuple[Any, list[Any]]]:
        alias = schema_editor.connection.alias
        roles: Any = apps.get_model("staff", "Role")
        for role in roles.objects.using(alias).filter(code__in=permissions):
            yield role.permissions, [permission_of(apps, alias, name) for name in permissions[role.code]]

    return grant, revoke


def permission_of(apps: Apps, alias: str, permission: str) -> Any:
    """The permission's row, made here where Django, which makes them after all migrations, has not made it yet."""
    app, codename = permission.split(".")
    for model in apps.get_app_config(app).get_models():
        names = dict(model._meta.permissions)
        for verb in model._meta.default_permissions:
            names[f"{verb}_{model._meta.model_name}"] = f"Can {verb} {model._meta.verbose_name}"
        if codename in names:
            kind, _ = (
                apps.get_model("contenttypes", "ContentType")
                .objects.using(alias)
                .get_or_create(app_label=app, model=model._meta.model_name)
            )
            row, _ = (
                apps.get_model("auth", "Permission")
                .objects.using(alias)
                .get_or_create(content_type=kind, codename=codename, defaults={"name": names[codename]})
            )
            return row
    raise LookupError(f"No model of {app} has the permission {codename}.")
