"""A gateway that speaks OpenID Connect as wrongly as a test wants; what it says is plain to see here."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwk, jws
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from chalicelib.kit import clock

CLIENT_ID = "cabinet-gateway"
PERSON = {
    "snils": "995-079-682 93",
    "family_name": "Лукошкина",
    "given_name": "Вера",
    "middle_name": "Андреевна",
    "birthdate": "1984-03-14",
    "phone_number": "+79165550001",
    "phone_number_verified": True,
    "email": "vera@example.ru",
    "email_verified": True,
    "trusted": True,
}


class Gateway:
    """One issuer on this machine. `claims` are laid over good ones; None leaves one out."""

    def __init__(self) -> None:
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "now"})
        self.published = [self.key.as_dict(private=False)]
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "now"}
        self.signing: Any = self.key
        self.claims: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.status = 200
        self.nonce = ""
        self.challenge: str | None = None  # of the sign-in whose code is brought; None looks at no verifier
        self.forms: list[dict[str, str]] = []
        self.asked: list[str] = []
        self._server = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop answering; a second time changes nothing."""
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def token(self) -> str:
        """Write the id_token of the moment."""
        now = clock.epoch()
        good = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "user-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
        }
        claims = {name: one for name, one in (good | PERSON | self.claims).items() if one is not None}
        if isinstance(self.signing, bytes):  # by hand: the library rightly refuses such a key
            text = ".".join(_base64url(json.dumps(one).encode()) for one in (self.header, claims))
            signature = hmac.digest(self.signing, text.encode(), hashlib.sha256) if self.signing else b""
            return f"{text}.{_base64url(signature)}"
        return jws.serialize_compact(self.header, json.dumps(claims), self.signing, algorithms=["RS256", "RS512"])

    def _answer(self, request: Request) -> Response:
        self.asked.append(request.path)
        known: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": lambda: {"keys": self.published},
            "/userinfo": lambda: self.userinfo,
        }
        if request.path == "/token":
            self.forms.append(
                dict(parse_qsl(request.get_data(as_text=True))) | {"key": request.headers["Authorization"]}
            )
            said = {"access_token": "opaque", "id_token": self.token(), "token_type": "Bearer"}
            verified = self.challenge in {None, _challenge(self.forms[-1]["code_verifier"])}
            status = self.status if verified else 400
            tree = said if status == 200 else {"error": "invalid_grant"}
            return Response(json.dumps(tree), status, content_type="application/json")
        return Response(json.dumps(known[request.path]()), content_type="application/json")

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        } | self.discovery


def _challenge(verifier: str) -> str:
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
