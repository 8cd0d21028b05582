"""A case keeps which transactions wrote its latest versions, by a trigger: whoever adds 1 to the version need not think of it."""

import django.contrib.postgres.fields
from django.db import migrations, models

KEEP = """
CREATE FUNCTION cases_case_keep_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.transactions := (OLD.transactions || txid_current())[greatest(1, cardinality(OLD.transactions) - 18):];
    RETURN NEW;
END
$$;
CREATE TRIGGER cases_case_version BEFORE UPDATE OF version ON cases_case FOR EACH ROW
    WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION cases_case_keep_transaction();
"""
FORGET = """
DROP TRIGGER cases_case_version ON cases_case;
DROP FUNCTION cases_case_keep_transaction();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_installed_work")]

    operations = [
        migrations.AddField(
            "case",
            "transactions",
            django.contrib.postgres.fields.ArrayField(
                models.BigIntegerField(), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.RunSQL(KEEP, FORGET),
    ]
