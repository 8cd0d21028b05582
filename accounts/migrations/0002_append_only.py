"""The ledger and the changes of standing are append-only, whoever asks."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION accounts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused. Post a reversal or an adjustment instead.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER accounts_ledgerentry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_standingchange_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_standingchange
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""

BACKWARD = """
DROP TRIGGER accounts_standingchange_append_only ON accounts_standingchange;
DROP TRIGGER accounts_ledgerentry_append_only ON accounts_ledgerentry;
DROP FUNCTION accounts_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
