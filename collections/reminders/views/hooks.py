"""The addresses at which providers tell what became of messages. Open to no browser: each proves itself by its signature."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from reminders.hooks import LARGEST_BODY, Refused, aliyun, jpush, signed, tencent, twilio
from reminders.services.receipts import Told, receive

logger = logging.getLogger(__name__)

Reader = Callable[[HttpRequest], list[Told]]


def _gateway(request: HttpRequest) -> list[Told]:
    return signed.read(request, secret=settings.HOOK_WEBHOOK_SECRET, channels=("sms", "push"))


def _email(request: HttpRequest) -> list[Told]:
    return signed.read(request, secret=settings.HOOK_EMAIL_SECRET, channels=("email",))


# By the name of the adapter by which the messages went: its numbers are looked for among those of that provider alone.
HOOKS: dict[str, tuple[Reader, tuple[str, str]]] = {
    "twilio": (twilio.read, twilio.ANSWER),
    "aliyun": (aliyun.read, aliyun.ANSWER),
    "tencent": (tencent.read, tencent.ANSWER),
    "jpush": (jpush.read, jpush.ANSWER),
    "webhook": (_gateway, signed.ANSWER),
    "smtp": (_email, signed.ANSWER),
}
_plain = partial(HttpResponse, content_type="text/plain; charset=utf-8")


@csrf_exempt
@login_not_required
@require_POST
def hook(request: HttpRequest, provider: str) -> HttpResponse:
    """Events of a provider: all are kept and acted on, or the request is refused and nothing is."""
    if provider not in HOOKS:
        return _plain("unknown", status=404)
    read, (content_type, answer) = HOOKS[provider]
    try:
        events = _read(request, read)
    except Refused as refused:
        logger.warning("Hook %s refused: %s.", provider, refused.why)
        response = _plain(refused.why, status=refused.status)
        if refused.status == 401:
            response["WWW-Authenticate"] = 'Basic realm="hooks"'
        return response
    receive(provider, events)
    return HttpResponse(answer, content_type=f"{content_type}; charset=utf-8")


def _read(request: HttpRequest, read: Reader) -> list[Told]:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        raise Refused(413, "too large")
    if request.META.get("QUERY_STRING"):
        # Addresses are logged on the way: nothing is told in one.
        raise Refused(400, "malformed")
    return read(request)
