from django.db import migrations

FORWARD = """
CREATE TRIGGER strategy_treatment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON strategy_treatment
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER strategy_deployment_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON strategy_deployment
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();

CREATE FUNCTION strategy_keep_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held bigint;
BEGIN
    IF TG_TABLE_NAME = 'strategy_version' THEN
        IF OLD.status = 'approved' THEN
            RAISE EXCEPTION 'strategy % is approved and stays as it is', OLD.number USING ERRCODE = 'restrict_violation';
        END IF;
    ELSE
        FOREACH held IN ARRAY ARRAY[
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END
        ] LOOP
            IF EXISTS (SELECT FROM strategy_version WHERE id = held AND status = 'approved') THEN
                RAISE EXCEPTION 'the rules of an approved strategy stay as they are' USING ERRCODE = 'restrict_violation';
            END IF;
        END LOOP;
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER strategy_version_kept BEFORE UPDATE OR DELETE ON strategy_version
    FOR EACH ROW EXECUTE FUNCTION strategy_keep_approved();
CREATE TRIGGER strategy_rule_kept BEFORE INSERT OR UPDATE OR DELETE ON strategy_rule
    FOR EACH ROW EXECUTE FUNCTION strategy_keep_approved();
CREATE TRIGGER strategy_version_not_emptied BEFORE TRUNCATE ON strategy_version
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER strategy_rule_not_emptied BEFORE TRUNCATE ON strategy_rule
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""

BACKWARD = """
DROP TRIGGER strategy_rule_not_emptied ON strategy_rule;
DROP TRIGGER strategy_version_not_emptied ON strategy_version;
DROP TRIGGER strategy_rule_kept ON strategy_rule;
DROP TRIGGER strategy_version_kept ON strategy_version;
DROP FUNCTION strategy_keep_approved();
DROP TRIGGER strategy_deployment_append_only ON strategy_deployment;
DROP TRIGGER strategy_treatment_append_only ON strategy_treatment;
"""


class Migration(migrations.Migration):
    dependencies = [("strategy", "0001_initial"), ("accounts", "0002_append_only")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
