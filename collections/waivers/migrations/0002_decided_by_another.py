"""No waiver without another person's decision or a policy that says so, whoever writes: PostgreSQL looks at the commit. What was
decided stays as it was decided, and what was taken back stays taken back."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION waivers_waiver_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'waiver W% may not be removed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'taken-back' AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'waiver W% was taken back, and stays so', OLD.id
            USING ERRCODE = 'restrict_violation', HINT = 'Ask for another.';
    END IF;
    IF (NEW.account_id, NEW.customer_id, NEW.currency, NEW.asked_by_id, NEW.asked_at, NEW.asked_on)
       IS DISTINCT FROM
       (OLD.account_id, OLD.customer_id, OLD.currency, OLD.asked_by_id, OLD.asked_at, OLD.asked_on) THEN
        RAISE EXCEPTION 'waiver W%: who asked for what may not be changed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> 'asked' AND
       (NEW.basis, NEW.percent, NEW.bill_id, NEW.amount, NEW.reason_code, NEW.policy_id, NEW.condition_amount,
        NEW.condition_on, NEW.needs_id, NEW.request_id, NEW.decided_on)
       IS DISTINCT FROM
       (OLD.basis, OLD.percent, OLD.bill_id, OLD.amount, OLD.reason_code, OLD.policy_id, OLD.condition_amount,
        OLD.condition_on, OLD.needs_id, OLD.request_id, OLD.decided_on) THEN
        RAISE EXCEPTION 'waiver W% is decided: what was decided may not be changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status <> 'asked' AND NEW.status = 'asked' THEN
        RAISE EXCEPTION 'waiver W% is decided', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER waivers_waiver_kept BEFORE UPDATE OR DELETE ON waivers_waiver
    FOR EACH ROW EXECUTE FUNCTION waivers_waiver_guard();

CREATE FUNCTION waivers_waiver_is_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_so waivers_waiver%ROWTYPE;
BEGIN
    SELECT * INTO now_so FROM waivers_waiver WHERE id = NEW.id;
    IF now_so.status = 'asked' THEN
        RETURN NULL;
    END IF;
    IF now_so.request_id IS NULL THEN
        IF NOT EXISTS (SELECT FROM waivers_waiverpolicy p WHERE p.id = now_so.policy_id
                          AND p.currency = now_so.currency AND p.automatic_up_to >= now_so.amount) THEN
            RAISE EXCEPTION 'waiver W%: nobody decided it, and its policy does not grant it by itself', NEW.id
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NOT EXISTS (SELECT FROM approvals_request r WHERE r.id = now_so.request_id AND r.status = 'approved'
                         AND r.kind = 'waiver' AND (r.payload ->> 'waiver')::bigint = now_so.id
                         AND r.amount = now_so.amount AND r.currency = now_so.currency) THEN
        RAISE EXCEPTION 'waiver W%: its request is not approved', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER waivers_waiver_decided AFTER INSERT OR UPDATE ON waivers_waiver
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION waivers_waiver_is_decided();
"""

BACKWARD = """
DROP TRIGGER waivers_waiver_decided ON waivers_waiver;
DROP FUNCTION waivers_waiver_is_decided();
DROP TRIGGER waivers_waiver_kept ON waivers_waiver;
DROP FUNCTION waivers_waiver_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("waivers", "0001_initial"), ("approvals", "0002_what_is_decided_stays")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
