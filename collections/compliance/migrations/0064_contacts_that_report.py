from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("compliance", "0063_signing_is_a_purpose")]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                fields=["customer"],
                name="contact_that_reports",
                condition=models.Q(("outcome__in", ("deceased", "represented"))),
            ),
        ),
    ]
