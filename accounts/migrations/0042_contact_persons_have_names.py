from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0041_contact_points_are_verified"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactpoint",
            name="name_cipher",
            field=models.BinaryField(blank=True, null=True, verbose_name="who is reached there (encrypted)"),
        ),
        migrations.AddField(
            model_name="contactpoint",
            name="name_index",
            field=models.BinaryField(blank=True, max_length=32, null=True),
        ),
    ]
