"""The reason and the installed policy are named without taking whoever repays for a woman."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BEFORE, NOW = "Repays of her own accord", "Repays voluntarily"


def _retitle(apps: Apps, schema_editor: BaseDatabaseSchemaEditor, before: str, now: str) -> None:
    policies = apps.get_model("waivers", "WaiverPolicy").objects.using(schema_editor.connection.alias)
    policies.filter(code="repayment", title=before).update(title=now)


def retitle(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _retitle(apps, schema_editor, BEFORE, NOW)


def title_back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _retitle(apps, schema_editor, NOW, BEFORE)


class Migration(migrations.Migration):
    dependencies = [("waivers", "0003_installed_policies")]

    operations = [
        migrations.RunPython(retitle, title_back),
        migrations.AlterField(
            model_name='waiver',
            name='reason_code',
            field=models.CharField(choices=[('repayment', 'Repays voluntarily'), ('first', 'First time late'), ('hardship', 'Hardship'), ('lender-error', 'Our own error'), ('complaint', 'Outcome of a complaint or dispute'), ('goodwill', 'Goodwill')], max_length=20, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='waiverpolicy',
            name='reasons',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('repayment', 'Repays voluntarily'), ('first', 'First time late'), ('hardship', 'Hardship'), ('lender-error', 'Our own error'), ('complaint', 'Outcome of a complaint or dispute'), ('goodwill', 'Goodwill')], max_length=20), blank=True, default=list, size=None, verbose_name='reasons'),
        ),
    ]
