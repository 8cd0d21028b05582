from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cases", "0019_hours_of_calls")]

    operations = [
        migrations.AlterModelOptions(
            name="promise",
            options={
                "ordering": ["-id"],
                "permissions": [("decide_promise", "Can decide about promises beyond another's limit")],
                "verbose_name": "promise to pay",
                "verbose_name_plural": "promises to pay",
            },
        ),
    ]
