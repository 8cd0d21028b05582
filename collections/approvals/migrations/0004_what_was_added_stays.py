"""Attachments come while a request is open and then stay; of a delegation only its early end is written: PostgreSQL sees to both."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION approvals_attachment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM approvals_request WHERE id = NEW.request_id AND status IN ('pending', 'changes')) THEN
            RAISE EXCEPTION 'approvals_attachment: request % is not open', NEW.request_id
                USING ERRCODE = 'restrict_violation', HINT = 'Whoever decided did not see it. Ask for something new.';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'approvals_attachment: attachment % stays as it is', OLD.id USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER approvals_attachment_no_change BEFORE INSERT OR UPDATE OR DELETE ON approvals_attachment
    FOR EACH ROW EXECUTE FUNCTION approvals_attachment_guard();

CREATE FUNCTION approvals_delegation_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'approvals_delegation: delegation % may not be removed', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'End it instead.';
    END IF;
    IF OLD.ended_at IS NOT NULL
       OR to_jsonb(NEW) - 'ended_at' - 'ended_by_name' IS DISTINCT FROM to_jsonb(OLD) - 'ended_at' - 'ended_by_name' THEN
        RAISE EXCEPTION 'approvals_delegation: delegation % stays as it was recorded', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'End it and record another.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approvals_delegation_no_change BEFORE UPDATE OR DELETE ON approvals_delegation
    FOR EACH ROW EXECUTE FUNCTION approvals_delegation_guard();
"""

BACKWARD = """
DROP TRIGGER approvals_delegation_no_change ON approvals_delegation;
DROP FUNCTION approvals_delegation_guard();
DROP TRIGGER approvals_attachment_no_change ON approvals_attachment;
DROP FUNCTION approvals_attachment_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0003_attachments_delegations_bulk")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
