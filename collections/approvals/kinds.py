"""What may be asked for. The app that owns a change registers its kind in `AppConfig.ready`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db import transaction
from django.utils.functional import Promise

from staff.models import IN_DAYS

if TYPE_CHECKING:
    from approvals.models import Request
    from audit.services import Actor
    from staff.models import User


K = TypeVar("K", bound=Hashable)


def day_in(text: str | None) -> date | None:
    """A day of a payload, which may be none."""
    return date.fromisoformat(text) if text else None


class Kind(ABC):
    """One kind of request: who asks, who decides, and what happens when it is approved. One instance a kind."""

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    ask_permission: ClassVar[str]
    decide_permission: ClassVar[str]
    # A staff.models.LimitKind: the request's amount must be within the decider's authority. Blank: the permission is enough.
    limit: ClassVar[str] = ""
    # Whether a customer's cases say who is near enough to decide it; otherwise whoever has the right is.
    about_customers: ClassVar[bool] = True
    # The partial that shows payload and preview on the request's page; it finds the row as `request_row`.
    template: ClassVar[str]
    # From the asking on, and again from each time that it is asked anew.
    valid_for: ClassVar[timedelta]
    # So long before the end it is marked as expiring.
    warn_before: ClassVar[timedelta] = timedelta(days=1)

    @abstractmethod
    def check(self, request: Request) -> None:
        """Refuse what no longer fits the present. Called when it is asked and again when it is approved, with the
        request and its customer locked.

        Raises:
            accounts.errors.Conflict: saying what changed since the preview.
        """

    def check_shown(self, request: Request, present: Mapping[str, Any] | None) -> None:
        """As `check`, for the page that shows what moved since (`present`): a kind that reads the book for that need not read it
        twice. Outside of a transaction, but for `check`, which may lock what it looks at, as it does in a decision."""
        with transaction.atomic():
            self.check(request)

    @abstractmethod
    def apply(self, request: Request, *, actor: User) -> None:
        """Do what was asked, in the deciding transaction, where `actor` decides. The customer and the request are
        locked; accounts and what hangs on them are locked here, in the usual order (docs/locking.md)."""

    def ended(self, request: Request, *, actor: Actor) -> None:  # noqa: B027
        """What follows where it ends without being approved: rejected, withdrawn or expired, in the same transaction. By itself
        nothing. The request is locked; its customer is not where it expired, so that no customer or account is locked here."""

    @abstractmethod
    def url(self, request: Request) -> str:
        """The address of the page of the request's subject."""

    def present(self, request: Request) -> dict[str, Any] | None:
        """For the template, as `present`: how what the preview shows stands now; None where it still stands so. Asked while
        the request waits for a decision."""
        return None

    def shown(self, request: Request) -> dict[str, Any]:
        """For the template, as `shown`: what it shows that payload and preview do not hold. By itself nothing."""
        return {}

    def change_url(self, request: Request) -> str:
        """Where its author changes what was sent back and asks again; blank: it can only be asked for as it was."""
        return ""


_registered: dict[str, Kind] = {}
_labels: dict[str, str | Promise] = {}
# The readers' words for the codes of all kinds registered so far or later.
LABELS: Mapping[str, str | Promise] = MappingProxyType(_labels)


def register(kind: Kind) -> Kind:
    """Make a kind known.

    Raises:
        ValueError: its code is taken by another.
    """
    if kind.code in _registered:
        raise ValueError(f"Two kinds of request have the code {kind.code!r}.")
    _registered[kind.code], _labels[kind.code] = kind, kind.label
    return kind


def unregister(code: str) -> None:
    """Forget a kind; its requests are then shown to nobody."""
    del _registered[code], _labels[code]


def get(code: str) -> Kind:
    """The kind of that code.

    Raises:
        LookupError: none is registered.
    """
    try:
        return _registered[code]
    except KeyError:
        raise LookupError(f"No kind of request has the code {code!r}. Register it in AppConfig.ready.") from None


def is_in_days(code: str) -> bool:
    """Whether the amounts of a kind are days; of one that is not known, no."""
    return code in _registered and _registered[code].limit in IN_DAYS


def registered() -> list[Kind]:
    """Every kind, in the order of registration."""
    return list(_registered.values())


def together(of: Iterable[Kind], key: Callable[[Kind], K]) -> dict[K, list[str]]:
    """The codes of kinds by what they share, so that a query asks once for each of these instead of for every kind."""
    found: dict[K, list[str]] = {}
    for kind in of:
        found.setdefault(key(kind), []).append(kind.code)
    return found
