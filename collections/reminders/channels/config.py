"""What an adapter needs of the settings, refused clearly when it is missing."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def needed(adapter: str, *variables: str) -> tuple[str, ...]:
    """The values of settings that an adapter cannot do without, in order.

    Raises:
        ImproperlyConfigured: names all that are blank, and never a value.
    """
    values = tuple(str(getattr(settings, name)).strip() for name in variables)
    missing = [name for name, value in zip(variables, values, strict=True) if not value]
    if missing:
        raise ImproperlyConfigured(
            f"The adapter {adapter} needs {', '.join(missing)} in the environment (or each as X_FILE, the path of a file)."
        )
    return values
