"""The forms of signing in and of one's own password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, UsernameField
from django.utils.translation import gettext_lazy as _

from runs.forms import SaysWhatIsMissing
from staff.models import User
from staff.permissions import may_enter


class SignInForm(SaysWhatIsMissing, AuthenticationForm):
    """Name and password of somebody who works here; everyone else is told the same as for a wrong password."""

    # Django's own sets the limit on the widget alone. A longer name is nobody's: it is neither tried nor recorded.
    username = UsernameField(max_length=User._meta.get_field("username").max_length)

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        super().confirm_login_allowed(user)  # type: ignore[arg-type]  # the stubs want a User
        if not may_enter(user):
            raise self.get_invalid_login_error()


class CodeForm(SaysWhatIsMissing, forms.Form):
    """Six digits of the app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )


class PasswordForm(SaysWhatIsMissing, PasswordChangeForm):
    """The present password, and twice the new one, which must be another."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.fields["new_password1"].help_text = _(
            "At least 12 characters, no common password, not only digits, and unlike your name. A few words in a row are"
            " easy to keep in mind."
        )
        self.fields["new_password2"].help_text = ""

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        new = values.get("new_password1")
        if new and new == values.get("old_password"):
            self.add_error("new_password1", _("Choose a password that differs from the present one."))
        return values
