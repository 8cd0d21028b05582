from django.db import migrations

FORWARD = """
-- Its arguments are the columns that may change.
CREATE FUNCTION restructuring_keep_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - TG_ARGV::text[] IS DISTINCT FROM to_jsonb(NEW) - TG_ARGV::text[] THEN
        RAISE EXCEPTION 'what a plan agreed stays as it is' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER restructuring_plan_kept BEFORE UPDATE ON restructuring_plan
    FOR EACH ROW EXECUTE FUNCTION restructuring_keep_agreed('request_id', 'status', 'late', 'missed', 'running_on',
        'ended_on', 'watch_id', 'contact_hold_id', 'fee_hold_id', 'final_due_before', 'version');
CREATE TRIGGER restructuring_planinstalment_kept BEFORE UPDATE ON restructuring_planinstalment
    FOR EACH ROW EXECUTE FUNCTION restructuring_keep_agreed('bill_id');
CREATE TRIGGER restructuring_plantarget_kept BEFORE UPDATE ON restructuring_plantarget
    FOR EACH ROW EXECUTE FUNCTION restructuring_keep_agreed('closure_id', 'let_off_id');
CREATE TRIGGER restructuring_plan_not_removed BEFORE DELETE OR TRUNCATE ON restructuring_plan
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER restructuring_planinstalment_not_removed BEFORE DELETE OR TRUNCATE ON restructuring_planinstalment
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER restructuring_plantarget_not_removed BEFORE DELETE OR TRUNCATE ON restructuring_plantarget
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""

BACKWARD = """
DROP TRIGGER restructuring_plantarget_not_removed ON restructuring_plantarget;
DROP TRIGGER restructuring_planinstalment_not_removed ON restructuring_planinstalment;
DROP TRIGGER restructuring_plan_not_removed ON restructuring_plan;
DROP TRIGGER restructuring_plantarget_kept ON restructuring_plantarget;
DROP TRIGGER restructuring_planinstalment_kept ON restructuring_planinstalment;
DROP TRIGGER restructuring_plan_kept ON restructuring_plan;
DROP FUNCTION restructuring_keep_agreed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("restructuring", "0002_installed_rule"),
        ("accounts", "0033_decisions_about_a_debt"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
