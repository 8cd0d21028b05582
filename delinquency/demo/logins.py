"""The people of the demo: one of each kind, with a password made for this machine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils.translation import gettext_noop

from audit.services import SystemActor, record
from delinquency import engines
from staff.models import User

ACTOR = SystemActor("demo")
# Username, name, whether all is allowed, and the beginnings of the names of what is.
LOGINS = (
    ("collector", gettext_noop("Demo collector"), False, ()),
    ("supervisor", gettext_noop("Demo supervisor"), False, ("view_",)),
    ("administrator", gettext_noop("Demo administrator"), True, ()),
)


@dataclass(frozen=True)
class Login:
    """What to type."""

    username: str
    password: str


def make_logins() -> list[Login]:
    """Create the demo's people, or put their passwords back to what this machine's are. Only with the embedded database.

    Raises:
        PermissionError: the database is a real one.
    """
    if not engines.database_is_embedded():
        raise PermissionError("Demo logins belong in the embedded database only.")
    return [_make(*login) for login in LOGINS]


@transaction.atomic
def _make(username: str, name: str, is_superuser: bool, allowed: tuple[str, ...]) -> Login:
    kept = engines.var_folder() / "secrets" / f"demo-{username}"
    password = engines.kept_secret(kept, lambda: secrets.token_urlsafe(9))
    user, created = User.objects.get_or_create(
        username=username, defaults={"display_name": name, "is_staff": True, "is_superuser": is_superuser}
    )
    if created:
        for beginning in allowed:
            user.user_permissions.add(*Permission.objects.filter(codename__startswith=beginning))
        record(
            actor=ACTOR, verb="user.created", subject=user, after={"username": username, "is_superuser": is_superuser}
        )
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return Login(username, password)
