from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0040_holds_about_some_bills"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="contactpoint",
            options={
                "ordering": ["id"],
                "permissions": [
                    ("reveal_contactpoint", "Can see a contact point in clear"),
                    ("enter_contactpoint", "Can add a contact point on the page of a case"),
                    ("verify_contactpoint", "Can verify a contact point, or mark it wrong, on the page of a case"),
                ],
                "verbose_name": "contact point",
                "verbose_name_plural": "contact points",
            },
        ),
    ]
