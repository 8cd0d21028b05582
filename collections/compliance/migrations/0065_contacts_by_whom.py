"""Fewer indexes for each contact to enter: those of batches, by far the most, have no actor, and `contact_by_customer` finds a
customer's as well as an index of customers alone did. That each outbound one asked the gate is checked once a statement."""

import django.db.models.deletion
from django.db import migrations, models

DROP = """
DROP TRIGGER compliance_contact_asks_the_gate ON compliance_contact;
DROP FUNCTION compliance_contact_asked_the_gate();
"""
ONCE_A_STATEMENT = f"""
{DROP}
CREATE FUNCTION compliance_contact_asked_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    inbound bigint;
BEGIN
    SELECT d.id INTO inbound
    FROM entered c JOIN compliance_contactdecision d ON d.id = c.decision_id
    WHERE c.direction <> 'inbound' AND d.purpose = 'inbound'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'an outbound contact cannot rest on decision %, whose purpose is inbound', inbound
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER compliance_contact_asks_the_gate AFTER INSERT ON compliance_contact
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION compliance_contact_asked_the_gate();
"""
ONCE_A_ROW = f"""
{DROP}
CREATE FUNCTION compliance_contact_asked_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM compliance_contactdecision d WHERE d.id = NEW.decision_id AND d.purpose = 'inbound') THEN
        RAISE EXCEPTION 'an outbound contact cannot rest on decision %, whose purpose is inbound', NEW.decision_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER compliance_contact_asks_the_gate BEFORE INSERT ON compliance_contact
    FOR EACH ROW WHEN (NEW.direction <> 'inbound') EXECUTE FUNCTION compliance_contact_asked_the_gate();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0039_bills_have_plausible_days"),
        ("compliance", "0064_contacts_that_report"),
    ]

    operations = [
        migrations.AlterField(
            model_name="contact",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contacts",
                to="accounts.customer",
                verbose_name="customer",
            ),
        ),
        migrations.RemoveIndex(model_name="contact", name="contact_by_actor"),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                fields=["actor", "at"], name="contact_by_actor", condition=models.Q(actor__isnull=False)
            ),
        ),
        migrations.RunSQL(ONCE_A_STATEMENT, ONCE_A_ROW),
    ]
