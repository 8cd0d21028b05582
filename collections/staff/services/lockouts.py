"""Lock-outs after failures: recorded when they begin, lifted by an administrator."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.db import transaction

from audit.services import Actor, SystemActor, record
from staff.models import User

DOOR = SystemActor("sign-in")


@transaction.atomic
def record_lockout(*, username: str) -> None:
    """Record that somebody's name was locked out at one address; a name that nobody has leaves no trace here."""
    user = User.objects.filter(username=username).first()
    if user is not None:
        record(actor=DOOR, verb="user.locked-out", subject=user)


@transaction.atomic
def lift_lockout(*, actor: Actor, user: User) -> int:
    """Forget the failures under the user's name, at every address, so that it may be tried again at once; and let the
    second step be tried again without waiting. How many addresses were forgotten; nothing is recorded when none was."""
    count, _ = AccessAttempt.objects.filter(username=user.get_username()).delete()
    for devices in (user.totpdevice_set, user.staticdevice_set):  # type: ignore[attr-defined]  # django-otp's
        devices.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    if count:
        record(actor=actor, verb="user.lockout-lifted", subject=user)
    return count
