"""The reader's own password, recovery codes and sessions, and everybody's sessions for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from staff import services, sessions
from staff.forms import CodeForm, PasswordForm
from staff.models import User
from staff.permissions import may, needs
from staff.services import second_factor

# Who manages people may see and end their sessions.
MANAGE = "staff.change_user"


def _reader(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the middleware lets no one else here
    return request.user


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; the only page there is for somebody who was given one."""
    user = _reader(request)
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        new = form.cleaned_data["new_password1"]
        services.change_password(actor=user, password=new, keep_session=request.session.session_key)
        user.refresh_from_db()
        update_session_auth_hash(request, user)
        messages.success(request, _("Your password is changed. Every other browser was signed out."))
        return redirect("home")
    return render(request, "staff/password.html", {"form": form})


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, by a code of the app: who finds an open desk must not be able to."""
    user = _reader(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        text = second_factor.plain(form.cleaned_data["code"])
        if text.isdigit() and services.check_code(user=user, code=text):
            codes = services.new_recovery_codes(actor=user)
            return render(request, "registration/recovery_codes.html", {"codes": codes, "next": "/preferences/"})
        form.add_error(
            "code", _("Enter the six digits that your app shows now; a code that was used is not taken again.")
        )
    return render(request, "staff/recovery_codes.html", {"form": form})


@require_GET
@needs(MANAGE)
def everybodys_sessions(request: HttpRequest) -> HttpResponse:
    """Who is signed in, where and since when."""
    return render(request, "staff/sessions.html", {"sessions": sessions.live(), "here": request.session.session_key})


@require_POST
def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    """End one session: one's own, or for who manages people anybody's; another's is otherwise not there."""
    user = _reader(request)
    session = get_object_or_404(sessions.live(), handle=handle)
    if session.user_id != user.pk and not may(user, MANAGE):
        raise Http404
    services.end_session(actor=user, session=session)
    messages.success(request, _("The session is ended."))
    return redirect("sessions" if request.POST.get("from") == "sessions" else "preferences")


@require_POST
def end_own_sessions(request: HttpRequest) -> HttpResponse:
    """End all of the reader's sessions but this one."""
    user = _reader(request)
    _tell(request, services.end_sessions(actor=user, user=user, keep=request.session.session_key))
    return redirect("preferences")


@require_POST
@needs(MANAGE)
def end_sessions(request: HttpRequest, pk: int) -> HttpResponse:
    """End all sessions of one person; one's own present one stays."""
    actor = _reader(request)
    user = get_object_or_404(User, pk=pk)
    _tell(request, services.end_sessions(actor=actor, user=user, keep=request.session.session_key))
    return redirect("sessions")


def _tell(request: HttpRequest, count: int) -> None:
    messages.success(
        request, ngettext("%(count)d session is ended.", "%(count)d sessions are ended.", count) % {"count": count}
    )
