"""The second step of signing in: an authenticator app's codes, and recovery codes for the day the telephone is gone.

The app's key lies in the database, where it must be readable to check a code; recovery codes are kept as keyed digests
only. Neither ever stands in a log, an event or a list.
"""

from __future__ import annotations

import base64
import secrets

from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.services import Actor, record
from staff.models import User
from staff.services.sessions import end_sessions

RECOVERY_CODES = 10
APP = "app"
RECOVERY = "recovery"


def is_enrolled(user: User) -> bool:
    """Whether `user` has an authenticator app that was proved to work."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def key_text(device: TOTPDevice) -> str:
    """The key as people type it into an app: in groups of four."""
    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


@transaction.atomic
def begin_enrolment(*, user: User) -> TOTPDevice:
    """The key that `user` is to put into an app; the same until it is confirmed. Locks the user."""
    User.objects.select_for_update().get(pk=user.pk)
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    return device or TOTPDevice.objects.create(user=user, name=APP, confirmed=False)


@transaction.atomic
def confirm_enrolment(*, user: User, code: str) -> TOTPDevice | None:
    """Take the app into use if `code` is its present one; None when it is not. A key that was in use before ends."""
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if device is None or not device.verify_token(plain(code)):
        return None
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
    record(actor=user, verb="user.second-factor-enrolled", subject=user)
    return device


@transaction.atomic
def new_recovery_codes(*, actor: User) -> list[str]:
    """Ten codes that each sign `actor` in once without the app, in place of any earlier ones. Told now and never again."""
    StaticDevice.objects.filter(user=actor).delete()
    device = StaticDevice.objects.create(user=actor, name=RECOVERY)
    codes = [base64.b32encode(secrets.token_bytes(8)).decode()[:12].lower() for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=_digest(code))
    record(actor=actor, verb="user.recovery-codes-made", subject=actor, after={"codes": len(codes)})
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


@transaction.atomic
def check_code(*, user: User, code: str) -> Device | None:
    """The device that `code` proves: the app for six digits, else a recovery code, which is used up. None: it is wrong.

    Each failure doubles the time until the next code is looked at (`waits`). Locks the device, so that one code
    opens one session.
    """
    text = plain(code)
    if text.isdigit():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
        return device if device is not None and device.verify_token(text) else None
    recovery = StaticDevice.objects.select_for_update().filter(user=user, confirmed=True).first()
    return recovery if recovery is not None and recovery.verify_token(_digest(text)) else None


def waits(user: User, code: str) -> bool:
    """Whether a code of this kind is not looked at yet, because the last ones were wrong."""
    kind = TOTPDevice if plain(code).isdigit() else StaticDevice
    device = kind.objects.filter(user=user, confirmed=True).first()
    return device is not None and not device.verify_is_allowed()[0]


def recovery_codes_left(user: User) -> int:
    """How many recovery codes are still unused."""
    return StaticToken.objects.filter(device__user=user).count()


@transaction.atomic
def reset_second_factor(*, actor: Actor, user: User, reason: str) -> None:
    """Take the app and the recovery codes away: `user` enrols anew at the next signing in. All sessions end."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    record(actor=actor, verb="user.second-factor-reset", subject=user, reason=reason)
    end_sessions(actor=actor, user=user)


def plain(code: str) -> str:
    """A code as it is compared: without the spaces and hyphens that help to read it."""
    return "".join(code.split()).replace("-", "").lower()


def _digest(code: str) -> str:
    return salted_hmac("staff.recovery-code", code, algorithm="sha256").hexdigest()[:16]
