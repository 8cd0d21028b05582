"""Who may do what stands beside things on a case, for the reader who may not."""

from __future__ import annotations

from functools import cached_property

from cases.permissions import CLOSE_DISPUTE, END_DEFERRAL, LIFT, VERIFY, WORK
from runs.said import said_list
from staff.models import Role
from staff.permissions import Anyone, may, permissions_of_roles


class WhoMay:
    """The roles whose people may, in the reader's language; blank where the reader may herself, or nobody may. One query in all,
    made when something is asked that the reader may not do."""

    def __init__(self, reader: Anyone) -> None:
        self._reader = reader

    @property
    def verify(self) -> str:
        """Say of a contact point whose it is."""
        return self._said((WORK, VERIFY))

    @property
    def lift(self) -> str:
        """Lift a hold."""
        return self._said(LIFT)

    @property
    def end_deferral(self) -> str:
        """Ask for the end of a deferral."""
        return self._said(END_DEFERRAL)

    @property
    def close_dispute(self) -> str:
        """Close a dispute."""
        return self._said(CLOSE_DISPUTE)

    def _said(self, permissions: tuple[str, ...]) -> str:
        if all(may(self._reader, permission) for permission in permissions):
            return ""
        able = (role for role, has in self._roles.items() if has.issuperset(permissions))
        return said_list(sorted(map(str, able)))

    @cached_property
    def _roles(self) -> dict[Role, frozenset[str]]:
        return permissions_of_roles()
