"""Icons, drawn once each: the package copies and writes out the drawing at every call, a tenth of what a page costs."""

from __future__ import annotations

import functools

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
def lucide(name: str, *, size: int | None = 24, **attributes: str) -> SafeString:
    """The icon of that name as an inline SVG with these attributes, as the package's own tag writes it."""
    return _drawn(name, size, **attributes)


@functools.lru_cache(maxsize=1_000)
def _drawn(name: str, size: int | None, **attributes: str) -> SafeString:
    return SafeString(draw(name, size=size, **attributes))
