"""In SQL: no message without an allowing decision for the same person, contact point, channel and purpose."""

from __future__ import annotations

from django.db import migrations

# The check for new rows runs once a statement over all of them: a night writes thousands.
PROTECT = """
CREATE FUNCTION reminders_message_needs_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused text;
BEGIN
    SELECT m.key INTO refused
    FROM written m
    LEFT JOIN compliance_contactdecision d
        ON d.id = m.decision_id
        AND d.allowed
        AND d.customer_id = m.customer_id
        AND d.contact_point_id = m.contact_point_id
        AND d.channel = m.channel
        AND d.purpose = m.purpose
    WHERE d.id IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'message % carries no decision that allows it', refused USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER reminders_message_new_needs_decision AFTER INSERT ON reminders_message
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION reminders_message_needs_decision();

CREATE FUNCTION reminders_message_keeps_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM compliance_contactdecision d
        WHERE d.id = NEW.decision_id AND d.allowed AND d.customer_id = NEW.customer_id
          AND d.contact_point_id = NEW.contact_point_id AND d.channel = NEW.channel AND d.purpose = NEW.purpose
    ) THEN
        RAISE EXCEPTION 'message % carries no decision that allows it', NEW.key USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER reminders_message_change_needs_decision
    BEFORE UPDATE OF decision_id, customer_id, contact_point_id, channel, purpose ON reminders_message
    FOR EACH ROW EXECUTE FUNCTION reminders_message_keeps_decision();
"""

UNPROTECT = """
DROP TRIGGER reminders_message_change_needs_decision ON reminders_message;
DROP FUNCTION reminders_message_keeps_decision();
DROP TRIGGER reminders_message_new_needs_decision ON reminders_message;
DROP FUNCTION reminders_message_needs_decision();
"""


class Migration(migrations.Migration):
    dependencies = [("reminders", "0001_initial"), ("compliance", "0003_first_rules")]

    operations = [migrations.RunSQL(PROTECT, UNPROTECT)]
