"""Every request gets an id; what it changes is recorded under it, and the answer carries it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from audit.services import in_request


class RequestIdMiddleware:
    """Answers carry `X-Request-ID`. The id is always ours: one from outside could pose as another's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        with in_request(request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
