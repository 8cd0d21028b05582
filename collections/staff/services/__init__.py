"""Everything that changes about the people who work here."""

from staff.services.lockouts import lift_lockout, record_lockout
from staff.services.passwords import change_password, password_was_set
from staff.services.preferences import choose_language
from staff.services.second_factor import (
    begin_enrolment,
    check_code,
    confirm_enrolment,
    new_recovery_codes,
    reset_second_factor,
)
from staff.services.sessions import end_session, end_sessions
from staff.services.signing_in import sign_in

__all__ = [
    "begin_enrolment",
    "change_password",
    "check_code",
    "choose_language",
    "confirm_enrolment",
    "end_session",
    "end_sessions",
    "lift_lockout",
    "new_recovery_codes",
    "password_was_set",
    "record_lockout",
    "reset_second_factor",
    "sign_in",
]
