"""The names of the installed roles, for translation: in the database they stand in English."""

from __future__ import annotations

from django.utils.translation import gettext_noop

INSTALLED = {
    "collector": gettext_noop("Collector"),
    "senior-collector": gettext_noop("Senior collector"),
    "supervisor": gettext_noop("Supervisor"),
    "legal-officer": gettext_noop("Legal officer"),
    "bureau-officer": gettext_noop("Bureau officer"),
    "data-entry": gettext_noop("Data entry"),
    "auditor": gettext_noop("Auditor"),
    "administrator": gettext_noop("Administrator"),
}
