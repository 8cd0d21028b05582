"""Going through the door in tests: name, password, code."""

from __future__ import annotations

import time

from django.http import HttpResponse
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.models import User

PASSWORD = "correct horse"


def enrolled(user: User) -> TOTPDevice:
    """The app of `user`, in use."""
    return TOTPDevice.objects.create(user=user, name="app", confirmed=True)


def present_code(device: TOTPDevice, steps: int = 0) -> str:
    """What the app shows now, or `steps` half minutes from now."""
    made = TOTP(device.bin_key, device.step, device.t0, device.digits)
    made.time = time.time() + steps * device.step
    return f"{made.token():06d}"


def wrong_code(device: TOTPDevice) -> str:
    """A code that is none of those that could be right about now."""
    right = {present_code(device, steps) for steps in (-2, -1, 0, 1, 2)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right)


def give_password(client: Client, user: User, password: str = PASSWORD, **values: str) -> HttpResponse:
    return client.post("/login/", {"username": user.username, "password": password, **values})


def is_in(client: Client) -> bool:
    return client.get("/preferences/").status_code == 200
