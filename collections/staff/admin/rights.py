"""Rights as people choose them: in the reader's words, by what they are about."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.forms import ModelMultipleChoiceField
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


class RightsField(ModelMultipleChoiceField):
    """A choice of permissions."""

    def label_from_instance(self, permission: Permission) -> str:
        """What it is about, and what it lets one do."""
        model = permission.content_type.model_class()
        about = capfirst(str(model._meta.verbose_name)) if model else permission.content_type.model
        verb, _separator, name = permission.codename.partition("_")
        if model and name == model._meta.model_name and verb in _COMMON:
            return f"{about} · {_COMMON[verb]}"
        return f"{about} · {gettext(permission.name)}"
