"""How a process gets ready to serve pages."""

from __future__ import annotations

import gc
from importlib import import_module

from django.conf import settings


def get_ready() -> None:
    """Load what pages need now instead of with the first of them, and keep it out of the way of collections: a full one would
    read it all again, for a tenth of a second, while somebody waits."""
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
