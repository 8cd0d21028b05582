"""Who gets what of each model's pages in data entry: the other half of the table of `tests/access.py`."""

from __future__ import annotations

from dataclasses import dataclass

from tests.access import ADMINISTRATOR, ENTRY, NOBODY, OFFICERS, READERS, Roles


@dataclass(frozen=True)
class Rows:
    """The pages of one model's rows in data entry: who sees the list, who adds, who changes, who removes."""

    sees: Roles = READERS
    adds: Roles = NOBODY
    changes: Roles = NOBODY
    removes: Roles = NOBODY


BOOK = Rows(ENTRY | READERS, ENTRY)
ADMIN: dict[str, Rows] = {
    "accounts_acceleration": Rows(ENTRY | READERS),
    "accounts_account": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_accountparty": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_allocation": Rows(ENTRY | READERS),
    "accounts_allocationrule": Rows(NOBODY),
    "accounts_bill": BOOK,
    "accounts_buckettable": Rows(NOBODY),
    "accounts_contactpoint": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_customer": Rows(ENTRY | READERS, ENTRY, ENTRY),
    "accounts_hold": BOOK,
    "accounts_ledgerentry": Rows(ENTRY | READERS),
    "accounts_payment": BOOK,
    "accounts_paymentfile": Rows(ENTRY | READERS),
    "accounts_product": Rows(ENTRY | READERS, ADMINISTRATOR, ADMINISTRATOR),
    "accounts_productterms": Rows(NOBODY),
    "accounts_relief": Rows(ENTRY | READERS),
    "accounts_reliefreversal": Rows(ENTRY | READERS),
    "accounts_reversal": Rows(ENTRY | READERS),
    "accounts_risktable": Rows(NOBODY),
    "accounts_standing": Rows(ENTRY | READERS),
    "accounts_standingchange": Rows(ENTRY | READERS),
    "accounts_unmatchedpayment": Rows(ENTRY | READERS),
    "accounts_watch": Rows(ENTRY | READERS),
    "audit_event": Rows(OFFICERS | READERS),
    "cases_disputeterms": Rows(READERS, ADMINISTRATOR),
    "cases_dispute": Rows(READERS),
    "cases_note": Rows(READERS),
    "cases_promise": Rows(READERS),
    "cases_workterms": Rows(READERS, ADMINISTRATOR),
    "compliance_complaint": Rows(OFFICERS | READERS),
    "compliance_complaintterms": Rows(READERS, ADMINISTRATOR),
    "compliance_contact": Rows(OFFICERS | READERS),
    "compliance_contactagreement": Rows(READERS),
    "compliance_contactdecision": Rows(READERS),
    "compliance_contactrule": Rows(READERS, ADMINISTRATOR),
    "compliance_customerflag": Rows(READERS),
    "compliance_optout": Rows(READERS),
    "compliance_recording": Rows(READERS | {"legal-officer"}),
    "freezing_corecommand": Rows(OFFICERS | READERS),
    "freezing_freezepolicy": Rows(READERS, ADMINISTRATOR),
    "reminders_channelprice": Rows(READERS, ADMINISTRATOR),
    "reminders_debtwords": Rows(READERS, ADMINISTRATOR),
    "reminders_harmlesswords": Rows(READERS, ADMINISTRATOR),
    "reminders_optoutwords": Rows(READERS, ADMINISTRATOR),
    "reminders_writingrule": Rows(READERS, ADMINISTRATOR),
    "restructuring_planrule": Rows(READERS, ADMINISTRATOR),
    "runs_businessday": Rows(NOBODY),
    "runs_dayclose": Rows(READERS),
    "runs_jobrun": Rows(READERS),
    "staff_role": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
    "staff_team": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR, ADMINISTRATOR),
    "staff_user": Rows(READERS, ADMINISTRATOR, ADMINISTRATOR),
    "waivers_waiverpolicy": Rows(READERS, ADMINISTRATOR),
}
# Addresses of the admin that show nothing themselves, and why they have no row.
ROWLESS = {
    "admin:app_list": "the index again, of one app; 404 for who sees nothing of it",
    "admin:django.views.generic.base.RedirectView": "leads on to the page of the row, which has its own",
    "admin:django.contrib.admin.sites.AdminSite.catch_all_view": "404, or the same address with a slash",
    "admin:accounts_hold_lift": "404 without a hold; tests/accounts/test_admin_entry.py",
    "admin:accounts_import_run": "its job's; tests/importing/test_admin_pages.py",
    "admin:accounts_import_errors": "its job's; tests/importing/test_admin_pages.py",
}
