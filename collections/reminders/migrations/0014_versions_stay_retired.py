"""In SQL: a version of a template that was retired is not approved again, and versions are not emptied away."""

from __future__ import annotations

from django.db import migrations

PROTECT = """
CREATE FUNCTION reminders_templateversion_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'versions of templates are kept: % refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION 'version % of template % was retired and stays so', OLD.number, OLD.template_id
        USING ERRCODE = 'check_violation';
END
$$;
CREATE TRIGGER reminders_templateversion_stays_retired BEFORE UPDATE OF status ON reminders_templateversion
    FOR EACH ROW WHEN (OLD.status = 'retired' AND NEW.status <> 'retired')
    EXECUTE FUNCTION reminders_templateversion_stays();
CREATE TRIGGER reminders_templateversion_no_truncate BEFORE TRUNCATE ON reminders_templateversion
    FOR EACH STATEMENT EXECUTE FUNCTION reminders_templateversion_stays();
"""
UNPROTECT = """
DROP TRIGGER reminders_templateversion_no_truncate ON reminders_templateversion;
DROP TRIGGER reminders_templateversion_stays_retired ON reminders_templateversion;
DROP FUNCTION reminders_templateversion_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("reminders", "0013_installed_reminders")]

    operations = [migrations.RunSQL(PROTECT, UNPROTECT)]
