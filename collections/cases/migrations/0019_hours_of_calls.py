from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_follow_ups_as_far_ahead_as_the_terms_say")]

    operations = [
        migrations.AddField(
            model_name="calltask",
            name="wanted_at",
            field=models.TimeField(blank=True, help_text="On the customer's clock", null=True, verbose_name="at"),
        ),
    ]
