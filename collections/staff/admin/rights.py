"""Rights as people choose them: in the reader's words, by what they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.forms import CheckboxSelectMultiple, ModelMultipleChoiceField
from django.forms.models import ModelChoiceIterator
from django.forms.renderers import BaseRenderer
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Django writes these itself, in English, when a model is made.
_COMMON = {
    "add": _("Can add"),
    "change": _("Can change"),
    "delete": _("Can delete"),
    "export": _("Can take away as a file"),
    "view": _("Can see"),
}


def in_words(permission: Permission) -> str:
    """What it is about, and what it lets one do."""
    model = permission.content_type.model_class()
    about = capfirst(str(model._meta.verbose_name)) if model else permission.content_type.model
    verb, _separator, name = permission.codename.partition("_")
    if model and name == model._meta.model_name and verb in _COMMON:
        return f"{about} · {_COMMON[verb]}"
    return f"{about} · {gettext(permission.name)}"


def area_of(permission: Permission) -> str:
    """The part of the system that it belongs to."""
    label = permission.content_type.app_label
    return str(apps.app_configs[label].verbose_name) if label in apps.app_configs else label


class RightsField(ModelMultipleChoiceField):
    """A choice of permissions."""

    def label_from_instance(self, permission: Permission) -> str:
        return in_words(permission)


class _ByArea(ModelChoiceIterator):
    """The choices, area by area, by their words."""

    def __iter__(self) -> Iterator[Any]:
        areas: dict[str, list[Any]] = defaultdict(list)
        for permission in self.queryset:
            areas[area_of(permission)].append(self.choice(permission))
        for area in sorted(areas):
            yield area, sorted(areas[area], key=lambda choice: str(choice[1]))


class _Folded(CheckboxSelectMultiple):
    """Boxes to tick, folded by area; an area says how many of its boxes are ticked."""

    template_name = "admin/staff/rights.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["areas"] = [
            {"name": area, "boxes": boxes, "ticked": sum(box["selected"] for box in boxes)}
            for area, boxes, _index in context["widget"]["optgroups"]
        ]
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: BaseRenderer | None = None) -> SafeString:
        """By the templates of the pages: those of forms are Django's own."""
        return render_to_string(template_name, context)


class RightsByArea(RightsField):
    """A choice of permissions, area by area."""

    iterator = _ByArea
    widget = _Folded
