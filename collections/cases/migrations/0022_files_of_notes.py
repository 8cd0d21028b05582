import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0021_calls_back_at_their_hour"),
    ]

    operations = [
        migrations.AddField(
            model_name="workterms",
            name="note_file_years",
            field=models.PositiveSmallIntegerField(
                default=5,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)],
                verbose_name="years that a note's file is kept",
            ),
        ),
        migrations.CreateModel(
            name="NoteFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file", models.FileField(upload_to="notes/%Y/%m/", verbose_name="file")),
                ("media_type", models.CharField(max_length=40, verbose_name="media type")),
                ("size", models.PositiveBigIntegerField(verbose_name="bytes")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("keep_until", models.DateField(verbose_name="kept until")),
                ("removed_at", models.DateTimeField(blank=True, null=True, verbose_name="removed at")),
                (
                    "note",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="file",
                        to="cases.note",
                        verbose_name="note",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a note",
                "verbose_name_plural": "files of notes",
                "ordering": ["-id"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=["keep_until"],
                        name="note_file_to_remove",
                    )
                ],
            },
        ),
    ]
