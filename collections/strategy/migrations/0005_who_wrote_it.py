"""Everybody who wrote on a draft is kept with it, for none of them activates it."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations, models


def keep_writers(apps, schema_editor):
    """Of the drafts that there are: who began each, and whose edits are on the record."""
    version = apps.get_model("strategy", "Version")
    event = apps.get_model("audit", "Event")
    user = apps.get_model("staff", "User")
    for draft in version.objects.filter(status="draft"):
        edits = event.objects.filter(subject_type="version", subject_id=draft.pk, verb__startswith="strategy.rule-")
        keys = {draft.created_by_id, *edits.values_list("actor_id", flat=True)}
        draft.writers.set(user.objects.filter(pk__in=keys - {None}))


class Migration(migrations.Migration):
    dependencies = [
        ("strategy", "0004_simulations"),
        ("audit", "0013_events_of_messages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="version",
            name="writers",
            field=models.ManyToManyField(editable=False, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(keep_writers, migrations.RunPython.noop),
    ]
