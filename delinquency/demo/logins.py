"""The people of the demo: one of each role in two teams, and a second supervisor, with a password and an app's key made for
this machine."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_noop
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from audit.services import SystemActor, record
from delinquency import engines
from delinquency.books.uci import CURRENCY
from staff.models import AuthorityLimit, Portfolio, Role, Team, User
from staff.reactions import portfolios_changed
from waivers.models import WaiverPolicy

ACTOR = SystemActor("demo")
EARLY, LATE = "Team 1", "Team 2"
TEAMS = {EARLY: ["M1", "M2", "M3"], LATE: ["M4", "M5", "M6", "M7+"]}
# User name, name, role, team, the teams that she supervises.
LOGINS: tuple[tuple[str, str, str, str | None, tuple[str, ...]], ...] = (
    ("collector", gettext_noop("Demo collector"), "collector", EARLY, ()),
    ("senior", gettext_noop("Demo senior collector"), "senior-collector", LATE, ()),
    ("supervisor", gettext_noop("Demo supervisor"), "supervisor", EARLY, (EARLY, LATE)),
    # Somebody must decide what the other supervisor asks for.
    ("deputy", gettext_noop("Demo deputy supervisor"), "supervisor", LATE, (EARLY, LATE)),
    ("legal", gettext_noop("Demo legal officer"), "legal-officer", None, ()),
    ("bureau", gettext_noop("Demo bureau officer"), "bureau-officer", None, ()),
    ("entry", gettext_noop("Demo data entry"), "data-entry", None, ()),
    ("auditor", gettext_noop("Demo auditor"), "auditor", None, ()),
    ("administrator", gettext_noop("Demo administrator"), "administrator", None, ()),
)
STEP_SECONDS = 30


@dataclass(frozen=True)
class Login:
    """What to type first."""

    username: str
    password: str


@dataclass(frozen=True)
class Code:
    """What to type then, and for how many seconds it is the present one."""

    username: str
    digits: str
    seconds: int


def make_logins() -> list[Login]:
    """Create the demo's teams and people, or put their passwords, keys, teams and roles back to what they are here.

    Raises:
        PermissionError: the database is a real one.
    """
    _refuse_real_database()
    _make_teams()
    _give_authority()
    return [_make(*login) for login in LOGINS]


def codes(usernames: list[str]) -> list[Code]:
    """The present six digits of these demo logins.

    Raises:
        PermissionError: the database is a real one: there, codes come from their owners' telephones alone.
        LookupError: the demo has no such login.
    """
    _refuse_real_database()
    known = {login[0] for login in LOGINS}
    if unknown := [name for name in usernames if name not in known]:
        raise LookupError(f"The demo has no login {unknown[0]!r}; it has {', '.join(login[0] for login in LOGINS)}.")
    now = time.time()
    return [
        Code(name, f"{_app(bytes.fromhex(_key(name)), now).token():06d}", STEP_SECONDS - int(now) % STEP_SECONDS)
        for name in usernames
    ]


def _refuse_real_database() -> None:
    if not engines.database_is_embedded():
        raise PermissionError("Demo logins belong in the embedded database only.")


def _app(key: bytes, now: float) -> TOTP:
    app = TOTP(key, STEP_SECONDS)
    app.time = now
    return app


def _key(username: str) -> str:
    kept = engines.var_folder() / "secrets" / f"demo-{username}-key"
    return engines.kept_secret(kept, lambda: secrets.token_hex(20))


@transaction.atomic
def _make_teams() -> None:
    for name, buckets in TEAMS.items():
        team, created = Team.objects.get_or_create(name=name)
        if created:
            Portfolio.objects.create(team=team, name=f"{buckets[0]}–{buckets[-1]}", buckets=buckets)
            record(actor=ACTOR, verb="team.added", subject=team, after={"name": name, "buckets": buckets})
            portfolios_changed(actor=ACTOR)


# What is installed holds in the demo's currency too, at about its rate.
INSTALLED_CURRENCY, _FOR_ONE = "CNY", 4


@transaction.atomic
def _give_authority() -> None:
    """The demo's books are in another currency than what is installed: the same policies and limits hold in it."""
    for limit in AuthorityLimit.objects.filter(currency=INSTALLED_CURRENCY):
        AuthorityLimit.objects.get_or_create(
            role=limit.role,
            kind=limit.kind,
            currency=CURRENCY,
            effective_from=limit.effective_from,
            defaults={"most": _in_its_currency(limit.most), "source": "demo"},
        )
    for policy in WaiverPolicy.objects.filter(currency=INSTALLED_CURRENCY):
        same = WaiverPolicy.objects.filter(
            code=policy.code, currency=CURRENCY, effective_from=policy.effective_from
        ).exists()
        if not same:
            policy.pk, policy.currency, policy.source = None, CURRENCY, "demo"
            policy.yearly_cap = _in_its_currency(policy.yearly_cap)
            policy.automatic_up_to = _in_its_currency(policy.automatic_up_to)
            policy.save(force_insert=True)


def _in_its_currency(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount * _FOR_ONE


def _make(username: str, name: str, role: str, team: str | None, supervises: tuple[str, ...]) -> Login:
    kept = engines.var_folder() / "secrets" / f"demo-{username}"
    password = engines.kept_secret(kept, lambda: secrets.token_urlsafe(9))
    user, created = User.objects.get_or_create(username=username, defaults={"display_name": name, "is_staff": True})
    if created:
        record(actor=ACTOR, verb="user.created", subject=user, after={"username": username, "role": role})
    user.team = None if team is None else Team.objects.get(name=team)
    user.is_superuser, user.must_change_password = False, False
    if created or not user.check_password(password):
        user.set_password(password)
    user.save()
    user.groups.set([Role.objects.get(code=role)])  # type: ignore[misc]  # the stubs take a role for the group it extends
    user.user_permissions.clear()
    user.supervises.set(Team.objects.filter(name__in=supervises))
    key = _key(username)
    if not TOTPDevice.objects.filter(user=user, key=key, confirmed=True).exists():
        TOTPDevice.objects.filter(user=user).delete()
        TOTPDevice.objects.create(user=user, name="app", key=key, confirmed=True)
    return Login(username, password)
