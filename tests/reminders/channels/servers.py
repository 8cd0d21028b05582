"""Providers on the loopback: each checks signatures by its own reading of what the vendor publishes, and answers as told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

CUT = object()


@dataclass
class Request:
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def asked(self) -> dict[str, str]:
        return dict(parse_qsl(self.query))


Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]] | object


class Server(ThreadingHTTPServer):
    """Keeps the requests whose signature holds; the next answers are `script`'s, then `success`."""

    daemon_threads = True

    def __init__(self, verify: Callable[[Request], bool], refusal: Reply, success: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.verify, self.refusal, self.success = verify, refusal, success
        self.script: list[Reply] = []
        self.taken: list[Request] = []
        self.refused = self.connections = 0
        self.pause = 0.0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves in two parts, and the second must not wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(parts.path, parts.query, headers, body)
        if self.server.verify(request):
            self.server.taken.append(request)
            reply = self.server.script.pop(0) if self.server.script else self.server.success
        else:
            self.server.refused += 1
            reply = self.server.refusal
        time.sleep(self.server.pause)
        if reply is CUT:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        status, content, *more = reply  # type: ignore[misc]
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in (more[0] if more else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


def aliyun(key_id: str, secret: str) -> Server:
    def holds(request: Request) -> bool:
        found = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=(.+?),SignedHeaders=(.+?),Signature=([0-9a-f]{64})",
            request.headers.get("authorization", ""),
        )
        if not found or found[1] != key_id or request.headers.get("x-acs-action") != "SendSms":
            return False
        names = found[2].split(";")
        if not {"host", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"} <= set(names):
            return False
        digest = hashlib.sha256(request.body).hexdigest()
        if digest != request.headers["x-acs-content-sha256"]:
            return False
        # The query is already escaped as the canonical one must be, in the order of its names.
        lines = "\n".join(f"{name}:{request.headers[name].strip()}" for name in names)
        asked = "&".join(sorted(request.query.split("&")))
        whole = "\n".join(["POST", request.path, asked, lines, "", found[2], digest])
        text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(whole.encode()).hexdigest()
        return hmac.compare_digest(hmac.digest(secret.encode(), text.encode(), "sha256").hex(), found[3])

    refusal = (400, {"Code": "SignatureDoesNotMatch", "Message": "…", "RequestId": "r"})
    return Server(holds, refusal, (200, {"Code": "OK", "Message": "OK", "BizId": "900619746936498440^0"}))


def tencent(secret_id: str, secret_key: str) -> Server:
    def holds(request: Request) -> bool:
        found = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=(.+?)/(\d{4}-\d\d-\d\d)/sms/tc3_request, SignedHeaders=(.+?), Signature=(.+)",
            request.headers.get("authorization", ""),
        )
        at = request.headers.get("x-tc-timestamp", "0")
        if not found or found[1] != secret_id or abs(time.time() - int(at)) > 300:
            return False
        if time.strftime("%Y-%m-%d", time.gmtime(int(at))) != found[2]:
            return False
        lines = "".join(f"{name}:{request.headers[name].strip().lower()}\n" for name in found[3].split(";"))
        digest = hashlib.sha256(request.body).hexdigest()
        whole = "\n".join(["POST", "/", "", lines, found[3], digest])
        scope = f"{found[2]}/sms/tc3_request"
        text = "\n".join(["TC3-HMAC-SHA256", at, scope, hashlib.sha256(whole.encode()).hexdigest()])
        key = ("TC3" + secret_key).encode()
        for step in (found[2], "sms", "tc3_request", text):
            key = hmac.digest(key, step.encode(), "sha256")
        return hmac.compare_digest(key.hex(), found[4])

    refusal = (200, {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "…"}}})
    status = {"SerialNo": "5000:1045710669157053657849499619", "Fee": 2, "Code": "Ok", "Message": "send success"}
    return Server(holds, refusal, (200, {"Response": {"SendStatusSet": [status], "RequestId": "r"}}))


def _basic(user: str, password: str, path: str) -> Callable[[Request], bool]:
    def holds(request: Request) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        given = base64.b64decode(encoded).decode() if scheme.lower() == "basic" else ""
        return given == f"{user}:{password}" and request.path == path

    return holds


def twilio(account: str, key: str, secret: str) -> Server:
    holds = _basic(key, secret, f"/2010-04-01/Accounts/{account}/Messages.json")
    refusal = (401, {"code": 20003, "message": "Authenticate", "status": 401})
    return Server(holds, refusal, (201, {"sid": "SM1", "num_segments": "3", "status": "queued"}))


def jpush(key: str, secret: str) -> Server:
    refusal = (401, {"error": {"code": 1004, "message": "Authen failed"}})
    return Server(_basic(key, secret, "/v3/push"), refusal, (200, {"sendno": "0", "msg_id": "18100287008546517"}))


def gateway(secret: str) -> Server:
    def holds(request: Request) -> bool:
        at, key = request.headers.get("x-delinquency-timestamp", "0"), request.headers.get("idempotency-key", "")
        text = at.encode() + b"." + key.encode() + b"." + request.body
        expected = "v1=" + hmac.digest(secret.encode(), text, "sha256").hex()
        fresh = abs(time.time() - int(at)) < 300
        return fresh and hmac.compare_digest(expected, request.headers.get("x-delinquency-signature", ""))

    return Server(holds, (403, {"error": "signature"}), (200, {"id": "g-1", "parts": 2}))


def webpush(public_key: bytes) -> Server:
    """Holds where the token is signed by that key (raw, uncompressed) for this server, and is not too old."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    def decoded(text: str) -> bytes:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    def holds(request: Request) -> bool:
        found = re.fullmatch(r"vapid t=([^,]+),\s*k=(.+)", request.headers.get("authorization", ""))
        if not found or decoded(found[2]) != public_key:
            return False
        head, claims, signature = found[1].split(".")
        raw = decoded(signature)
        der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        try:
            key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        said = json.loads(decoded(claims))
        return said["aud"] == f"http://{request.headers['host']}" and time.time() < said["exp"] < time.time() + 86400

    return Server(holds, (403, b""), (201, b"", {"Location": "https://push.example/m/1"}))


__all__ = ["CUT", "Request", "Server", "aliyun", "gateway", "jpush", "tencent", "twilio", "webpush"]
