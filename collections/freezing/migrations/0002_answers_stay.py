"""What the core system answered stays, and a command is about what it was asked about: PostgreSQL refuses anything else."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION freezing_command_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'freezing_corecommand: command % may not be removed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status NOT IN ('asked', 'sent') THEN
        RAISE EXCEPTION 'freezing_corecommand: command % is %, and stays so', OLD.id, OLD.status
            USING ERRCODE = 'restrict_violation', HINT = 'Ask for another command instead.';
    END IF;
    IF (NEW.account_id, NEW.verb, NEW.key, NEW.request_id, NEW.asked_at, NEW.asked_by_name)
       IS DISTINCT FROM (OLD.account_id, OLD.verb, OLD.key, OLD.request_id, OLD.asked_at, OLD.asked_by_name) THEN
        RAISE EXCEPTION 'freezing_corecommand: what was asked for in command % may not be changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER freezing_command_no_change BEFORE UPDATE OR DELETE ON freezing_corecommand
    FOR EACH ROW EXECUTE FUNCTION freezing_command_guard();
"""

BACKWARD = """
DROP TRIGGER freezing_command_no_change ON freezing_corecommand;
DROP FUNCTION freezing_command_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("freezing", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
