"""Pages of the register: complaints; a contact with its recordings."""

from compliance.views.complaints import complaint, complaint_new, complaints, complaints_export
from compliance.views.contacts import contact, flag_document, recording, recording_hold

__all__ = [
    "complaint",
    "complaint_new",
    "complaints",
    "complaints_export",
    "contact",
    "flag_document",
    "recording",
    "recording_hold",
]
