"""The way in: name and password, then a code; the first time, the app that makes the codes."""

from __future__ import annotations

from typing import Any

import segno
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_cool_off, get_lockout_response
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp.models import Device

from staff import services, sessions
from staff.forms import CodeForm, SignInForm
from staff.models import User
from staff.services import second_factor, signing_in
from staff.views.preferences import remember_language


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class SignIn(LoginView):
    """The first step: name and password. Nothing is open after it but the second."""

    authentication_form = SignInForm

    def dispatch(self, request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        if request.user.is_authenticated and sessions.is_verified(request.session):
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **values)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        assert isinstance(user, User)  # what our backend finds
        signing_in.wait_for_code(self.request.session, user, self.get_redirect_url())
        response = redirect("code" if second_factor.is_enrolled(user) else "enrol")
        if user.language:
            remember_language(response, user.language)
        return response


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """The second step: the present code of the reader's app, or a recovery code."""
    user = signing_in.waiting(request.session)
    if user is None:
        return redirect("login")
    if not second_factor.is_enrolled(user):
        return redirect("enrol")
    if locked := _locked(request, user):
        return locked
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["code"]
        if second_factor.waits(user, text):
            form.add_error(
                "code", _("Too soon after a wrong code. Wait a little and enter the code that is shown then.")
            )
        elif device := services.check_code(user=user, code=text):
            return _enter(request, user, device)
        else:
            _failed(request, user)
            form.add_error(
                "code",
                _(
                    "That code is not right, or was used already. Wait for the next one; the telephone's clock must be right."
                ),
            )
    return render(request, "registration/code.html", {"form": form, "waiting": user})


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """The first time: put the key into an app, prove it with a code, and keep the recovery codes that are shown once."""
    user = signing_in.waiting(request.session)
    if user is None:
        return redirect("login")
    if second_factor.is_enrolled(user):
        return redirect("code")
    if locked := _locked(request, user):
        return locked
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        device = services.confirm_enrolment(user=user, code=form.cleaned_data["code"])
        if device is not None:
            target = _enter(request, user, device)["Location"]
            codes = services.new_recovery_codes(actor=user)
            return render(request, "registration/recovery_codes.html", {"codes": codes, "next": target})
        _failed(request, user)
        form.add_error(
            "code", _("That is not the code that belongs to this key. Wait for the next one and enter that.")
        )
    device = services.begin_enrolment(user=user)
    return render(
        request,
        "registration/enrol.html",
        {
            "form": form,
            "waiting": user,
            "picture": segno.make(device.config_url, error="m").svg_data_uri(scale=4, border=3, light="#fff"),
            "key": second_factor.key_text(device),
        },
    )


def locked_out(
    request: HttpRequest, response: HttpResponse | None = None, credentials: dict[str, Any] | None = None
) -> HttpResponse:
    """What somebody sees after too many failures: for how long, and what to do."""
    wait = get_cool_off(request)
    minutes = round(wait.total_seconds() / 60) if wait else 0
    return render(request, "registration/locked.html", {"minutes": minutes}, status=429)


@login_not_required
def to_sign_in(request: HttpRequest, *args: Any, **values: Any) -> HttpResponse:
    """The data-entry pages have no door of their own: Django's would ask for the password alone."""
    if request.user.is_authenticated and sessions.is_verified(request.session):
        return redirect("admin:index")
    return redirect("login")


def _enter(request: HttpRequest, user: User, device: Device) -> HttpResponse:
    target = services.sign_in(request, user=user, device=device)
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = settings.LOGIN_REDIRECT_URL
    return redirect(target)


def _failed(request: HttpRequest, user: User) -> None:
    """A wrong code counts like a wrong password."""
    user_login_failed.send(__name__, credentials={"username": user.get_username()}, request=request)


def _locked(request: HttpRequest, user: User) -> HttpResponse | None:
    credentials = {"username": user.get_username()}
    if AxesProxyHandler.is_allowed(request, credentials):
        return None
    return get_lockout_response(request, None, credentials)
