"""People who work here: who they are, which team they are in, what they may decide, and which cases a team works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from staff.roles import INSTALLED

if TYPE_CHECKING:
    from staff.sessions import SessionStore


class Team(models.Model):
    """People who work the same cases: those that one of the team's portfolios takes in."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Portfolio(models.Model):
    """What a team works. Each list left empty takes in everything; of several portfolios that fit a case the lowest
    `position` wins. Products and buckets are codes and customers references: the book is above this floor."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="portfolios", verbose_name=_("team"))
    name = models.CharField(_("name"), max_length=80)
    position = models.PositiveSmallIntegerField(_("position"), default=100, help_text=_("The lowest that fits wins"))
    products = ArrayField(models.CharField(max_length=40), verbose_name=_("products"), default=list, blank=True)
    buckets = ArrayField(models.CharField(max_length=10), verbose_name=_("buckets"), default=list, blank=True)
    customers = ArrayField(models.CharField(max_length=64), verbose_name=_("customers"), default=list, blank=True)

    class Meta:
        verbose_name = _("portfolio")
        verbose_name_plural = _("portfolios")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.team}: {self.name}"


class RoleScope(models.TextChoices):
    TEAM = "team", _("The cases of the person's teams, and those assigned to the person")
    EVERYTHING = "everything", _("Every case")


class Role(Group):
    """A group of permissions with a name of its own, and how far they reach."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    scope = models.CharField(_("reaches"), max_length=12, choices=RoleScope, default=RoleScope.TEAM)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["code"]

    def __str__(self) -> str:
        return str(self.label)

    @property
    def label(self) -> str | Promise:
        """An installed role speaks the reader's language, until somebody renames it."""
        return _(self.name) if INSTALLED.get(self.code) == self.name else self.name


class LimitKind(models.TextChoices):
    """What a limit is on, and in which unit. Later kinds of decision add theirs."""

    HOLD_DAYS = "hold-days", _("Longest hold, days")
    PROMISE_DAYS = "promise-days", _("Last day of a promise, days ahead")
    WAIVER = "waiver", _("Late-fee waiver, amount")
    RESTRUCTURING = "restructuring", _("Restructuring, amount")
    WRITE_OFF = "write-off", _("Write-off, amount")
    REFUND = "refund", _("Refund, amount")
    ACCELERATION = "acceleration", _("Acceleration and final due date, amount")


# Those that are no amount of money.
IN_DAYS = (LimitKind.HOLD_DAYS, LimitKind.PROMISE_DAYS)


class AuthorityLimit(models.Model):
    """How much a role may decide by itself, from a date on. No row means nothing, no `most` without limit."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="limits", verbose_name=_("role"))
    kind = models.CharField(_("kind of decision"), max_length=20, choices=LimitKind)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        help_text=_("Blank for days, and for money whose currency nobody knows"),
    )
    most = models.DecimalField(
        _("at most"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Blank: without limit"),
    )
    effective_from = models.DateField(_("in force from"))
    source = models.CharField(_("source"), max_length=300)

    class Meta:
        verbose_name = _("authority limit")
        verbose_name_plural = _("authority limits")
        ordering = ["role", "kind", "currency", "-effective_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["role", "kind", "currency", "effective_from"], name="authority_limit_once_per_date"
            ),
            models.CheckConstraint(
                condition=Q(most__isnull=True) | Q(most__gte=0), name="authority_limit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} · {self.get_kind_display()}"


class User(AbstractUser):
    """A member of staff: in one team or none, perhaps over others, with roles (groups) that say what is allowed."""

    display_name = models.CharField(_("display name"), max_length=150, blank=True)
    language = models.CharField(
        _("language"), max_length=10, blank=True, choices=[("en", "English"), ("zh-hans", "简体中文")]
    )
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("team")
    )
    supervises = models.ManyToManyField(Team, related_name="supervisors", verbose_name=_("supervises"), blank=True)
    must_change_password = models.BooleanField(_("must change the password"), default=False)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.display_name or self.get_full_name() or self.username

    @cached_property
    def _permissions(self) -> frozenset[str]:
        return frozenset(self.get_all_permissions())

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """As Django's. A page asks dozens of times: what she may is put together from the backends once."""
        if obj is not None or (self.is_active and self.is_superuser):
            return super().has_perm(perm, obj)
        return perm in self._permissions


class StaffSession(AbstractBaseSession):
    """A browser in which somebody is signed in, or is about to be (`user` is then empty).

    The key opens the session, so no page shows it: what names a session there is `handle`, which follows from the key
    and does not lead back to it.
    """

    user = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="sessions", verbose_name=_("user")
    )
    handle = models.CharField(_("handle"), max_length=32, unique=True)
    address = models.GenericIPAddressField(_("address"), null=True, blank=True)
    browser = models.CharField(_("browser"), max_length=200, blank=True)
    signed_in_at = models.DateTimeField(_("signed in"), null=True, blank=True)
    last_seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return self.handle

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        from staff.sessions import SessionStore

        return SessionStore
