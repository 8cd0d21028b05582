"""People decide about every freeze, until the lender says otherwise."""

from datetime import date

from django.db import migrations

FIRST = date(2020, 1, 1)


def install(apps, schema_editor):
    policies = apps.get_model("freezing", "FreezePolicy").objects.using(schema_editor.connection.alias)
    policies.create(effective_from=FIRST, source="The lender's policy, as installed")


def remove(apps, schema_editor):
    policies = apps.get_model("freezing", "FreezePolicy").objects.using(schema_editor.connection.alias)
    policies.filter(effective_from=FIRST).delete()


class Migration(migrations.Migration):
    dependencies = [("freezing", "0002_answers_stay")]

    operations = [migrations.RunPython(install, remove)]
