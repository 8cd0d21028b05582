"""Messages keep where in their text something personal was put: the page masks it there, whatever the person is called by now."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reminders', '0014_versions_stay_retired'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='personal',
            field=models.JSONField(blank=True, editable=False, null=True, verbose_name='what of it is personal'),
        ),
    ]
