"""What is over stays as it is, and nobody becomes the author of what somebody else asked for: PostgreSQL refuses both."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION approvals_request_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'approvals_request: request % may not be removed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status NOT IN ('pending', 'changes') THEN
        RAISE EXCEPTION 'approvals_request: request % is %, and stays so', OLD.id, OLD.status
            USING ERRCODE = 'restrict_violation', HINT = 'Ask for something new instead.';
    END IF;
    IF (NEW.kind, NEW.subject_type, NEW.subject_id, NEW.customer_id, NEW.requested_by_id, NEW.requested_at)
       IS DISTINCT FROM
       (OLD.kind, OLD.subject_type, OLD.subject_id, OLD.customer_id, OLD.requested_by_id, OLD.requested_at) THEN
        RAISE EXCEPTION 'approvals_request: who asked for what in request % may not be changed', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Withdraw it and ask for something new.';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approvals_request_no_change BEFORE UPDATE OR DELETE ON approvals_request
    FOR EACH ROW EXECUTE FUNCTION approvals_request_guard();
"""

BACKWARD = """
DROP TRIGGER approvals_request_no_change ON approvals_request;
DROP FUNCTION approvals_request_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
