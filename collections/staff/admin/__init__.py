"""People, teams and roles, by those who may manage them."""

from staff.admin import doors, roles, teams, users

__all__ = ["doors", "roles", "teams", "users"]
