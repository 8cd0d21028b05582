"""The roles everyone starts from: who may do what, how far it reaches, and how much each decides by itself.

Administrators adjust them on the data-entry pages; this migration is the beginning, not the law. It stands above all apps because
a role's permissions come from all of them.
"""

from __future__ import annotations

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from delinquency.granting import permission_of

FIRST = date(2020, 1, 1)
POLICY = "The lender's policy, as installed"

SEE = ("cases.view_case", "reminders.view_message", "compliance.view_contact", "compliance.view_complaint")
WORK = (
    *SEE,
    "cases.work_case",
    "cases.add_promise",
    "cases.change_promise",
    "cases.add_dispute",
    "cases.add_note",
    "cases.search_exactly",
    "cases.add_queue",
    "accounts.add_hold",
    "accounts.reveal_contactpoint",
    "compliance.add_contact",
    "compliance.add_recording",
    "compliance.add_customerflag",
    "compliance.add_contactagreement",
    "compliance.add_complaint",
)
SENIOR = (*WORK, "accounts.change_hold", "compliance.contact_vulnerable", "compliance.view_recording")
LEAD = (
    *SENIOR,
    "cases.assign_case",
    "cases.export_case",
    "cases.view_board",
    "cases.change_queue",
    "cases.delete_queue",
    "cases.change_dispute",
    "accounts.place_deferral",
    "compliance.view_customerflag",
    "compliance.change_customerflag",
    "compliance.change_complaint",
    "compliance.correct_contact",
    "compliance.view_contactdecision",
    "runs.view_dayclose",
)
BOOK = ("customer", "contactpoint", "account", "accountparty", "bill", "payment", "reversal", "hold")
BOOK_READ = (*BOOK, "ledgerentry", "allocation", "standing", "standingchange", "product")
OFFICER = (*SEE, "cases.add_note", "cases.change_dispute", "cases.search_exactly", "audit.view_event")
READ = (
    *SEE,
    "cases.view_board",
    "cases.view_promise",
    "cases.view_dispute",
    "cases.view_note",
    "cases.view_queue",
    "cases.view_workterms",
    "cases.view_disputeterms",
    "compliance.view_contactdecision",
    "compliance.view_contactrule",
    "compliance.view_customerflag",
    "compliance.view_contactagreement",
    "compliance.view_recording",
    "compliance.view_complaintterms",
    "audit.view_event",
    "runs.view_dayclose",
    "runs.view_jobrun",
    "staff.view_user",
    "staff.view_team",
    "staff.view_portfolio",
    "staff.view_role",
    "staff.view_authoritylimit",
    *(f"accounts.view_{model}" for model in BOOK_READ),
)

ROLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "collector": ("Collector", "team", WORK),
    "senior-collector": ("Senior collector", "team", SENIOR),
    "supervisor": ("Supervisor", "team", LEAD),
    "legal-officer": (
        "Legal officer",
        "everything",
        (*OFFICER, "compliance.view_recording", "compliance.change_recording", "accounts.reveal_contactpoint"),
    ),
    "bureau-officer": ("Bureau officer", "everything", OFFICER),
    "data-entry": (
        "Data entry",
        "everything",
        (
            *(f"accounts.{verb}_{model}" for model in BOOK for verb in ("view", "add", "change")),
            *(f"accounts.view_{model}" for model in BOOK_READ if model not in BOOK),
        ),
    ),
    "auditor": ("Auditor", "everything", READ),
    "administrator": (
        "Administrator",
        "everything",
        (
            *READ,
            *(
                f"staff.{verb}_{model}"
                for model in ("user", "team", "portfolio", "role", "authoritylimit")
                for verb in ("add", "change", "delete")
            ),
            *(f"cases.{verb}_{model}" for model in ("queue", "workterms", "disputeterms") for verb in ("add", "change")),
            *(f"compliance.add_{model}" for model in ("contactrule", "complaintterms")),
            "compliance.change_recording",
            *(f"accounts.{verb}_product" for verb in ("add", "change")),
        ),
    ),
}
# role: (longest hold in days, promise's last day in days ahead)
LIMITS = {"collector": (30, 14), "senior-collector": (60, 31), "supervisor": (180, 92)}


def install(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    roles = apps.get_model("staff", "Role").objects.using(alias)
    limits = apps.get_model("staff", "AuthorityLimit").objects.using(alias)
    for code, (name, scope, permissions) in ROLES.items():
        role = roles.create(code=code, name=name, scope=scope)
        role.permissions.set([permission_of(apps, alias, permission) for permission in permissions])
        for kind, most in zip(("hold-days", "promise-days"), LIMITS.get(code, ()), strict=False):
            limits.create(role=role, kind=kind, most=most, effective_from=FIRST, source=POLICY)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    roles = apps.get_model("staff", "Role").objects.using(schema_editor.connection.alias)
    roles.filter(code__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0002_teams_and_roles"),
        ("accounts", "0004_jurisdiction_and_permissions"),
        ("compliance", "0050_corrections_free_no_place"),
        ("reminders", "0003_channels"),
        ("cases", "0006_installed_work"),
        ("audit", "0002_append_only"),
        ("runs", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunPython(install, remove)]
