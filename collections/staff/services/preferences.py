"""Changes of what a member of staff chose for herself."""

from __future__ import annotations

from django.db import transaction

from audit.services import record
from staff.models import User


@transaction.atomic
def choose_language(*, actor: User, language: str) -> None:
    """Keep the language in which `actor` reads; nothing happens when it is already so.

    Raises:
        ValueError: the language is not one that the application speaks.
    """
    if language not in dict(User._meta.get_field("language").flatchoices):
        raise ValueError(f"There is no {language!r} here.")
    user = User.objects.select_for_update().get(pk=actor.pk)
    if user.language == language:
        return
    before, user.language = user.language, language
    user.save(update_fields=["language"])
    record(actor=actor, verb="user.language", subject=user, before={"language": before}, after={"language": language})
