"""What the data-entry pages would otherwise open or show: doors of their own, keys, and groups without a role."""

from __future__ import annotations

import django.contrib.auth.admin  # noqa: F401  # these register what is taken out below
import django_otp.plugins.otp_static.admin
import django_otp.plugins.otp_totp.admin  # noqa: F401
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.permissions import may_use_data_entry
from staff.views.signing_in import to_sign_in

# Roles stand for groups; whoever sees a device's key can sign in as its owner.
admin.site.unregister([Group, TOTPDevice, StaticDevice])


def _to_password(request: HttpRequest, *args: object, **values: object) -> HttpResponse:
    return redirect("password")


def _lets_in(request: HttpRequest) -> bool:
    """Raises instead of saying no: the site would lead somebody who is signed in to the sign-in page."""
    if not may_use_data_entry(request.user):
        raise PermissionDenied
    return True


# The site's own door asks for a password alone, and its page for a new one passes our service by.
for _door, _view in (("login", to_sign_in), ("password_change", _to_password), ("has_permission", _lets_in)):
    setattr(admin.site, _door, _view)
