"""`/_local`: what only the local cabinet has: messages it sent, the register's people, a page for passkeys, its clock, faults."""

import base64
import hashlib
import html
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeGuard
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from chalicelib.kit import clock
from chalicelib.kit.problem import wrong
from chalicelib.kit.refusals import InvalidJson, MethodNotAllowed, RouteNotFound, UnsupportedMediaType
from infra.local.gateway import GatewayRequest, problem, refused

HERE: Final = Path(__file__).parent
HOSTS: Final = frozenset({"localhost", "127.0.0.1"})
MAX_ADVANCE: Final = 10 * 366 * 24 * 3600
MAX_DELAY: Final = 600
STYLE: Final = (
    "body{font-family:sans-serif}td,th{vertical-align:top;text-align:left;padding:.3em .6em}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font:inherit}"
)
PAGE: Final = (
    '<!doctype html><html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark"><title>{title}</title><style>{style}</style><h1>{title}</h1>{body}</html>'
)


class System(Protocol):
    """The sandbox of an outside system, and the ways in which it can misbehave."""

    @property
    def modes(self) -> tuple[str, ...]:
        """What it can be told to be."""

    def fault(self, mode: str, seconds: float = 10.0) -> None:
        """Behave as the mode says."""


class Moves(Protocol):
    """What moves events; the local cabinet has a `Pump`."""

    @property
    def sent(self) -> list[dict[str, str]]:
        """Messages and letters that have left, oldest first."""

    def drain(self, timeout: float = 10) -> bool:
        """Run everything that is due."""

    def sweep(self) -> int:
        """Delete what has outlived its time to live."""


@dataclass(frozen=True, kw_only=True)
class Backstage:
    """What the local addresses show and move."""

    pump: Moves
    systems: Mapping[str, System]
    people: Callable[[], list[dict[str, Any]]]
    registered: Callable[[dict[str, Any]], bool]
    healed: Callable[[str], object] = str  # what to do when a system is well again
    moving: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: GatewayRequest) -> Response:
        """Answer a request under `/_local`; only to those who came by a local name (see DNS rebinding)."""
        if _host(request) not in HOSTS:
            return problem(
                403, "not-local", "Только с этого компьютера", "Откройте этот адрес через localhost или 127.0.0.1."
            )
        views = {
            "/_local/outbox": ("GET", self._outbox),
            "/_local/people": ("GET", self._people),
            "/_local/passkey": ("GET", _passkey),
            "/_local/passkey.js": ("GET", _passkey_script),
        }
        commands = {"/_local/clock": ("POST", self._clock), "/_local/faults": ("POST", self._faults)}
        method, act = (views | commands).get(request.raw_path, ("", None))
        if act is None:
            return refused(RouteNotFound())
        if request.method != method and (request.method, method) != ("HEAD", "GET"):
            response = refused(MethodNotAllowed())
            response.headers["Allow"] = "GET, HEAD" if method == "GET" else method
            return response
        response = act(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _outbox(self, request: GatewayRequest) -> Response:
        self.pump.drain(timeout=5)
        sent = list(self.pump.sent)
        if not _wants_page(request):
            return _json(sent)
        names = {"sms": "СМС", "email": "Письмо"}
        rows = [(one["sent_at"], names.get(one["channel"], one["channel"]), one["to"], one["text"]) for one in sent]
        return _page("Отправленные сообщения", ("Когда", "Как", "Кому", "Текст"), reversed(rows))

    def _people(self, request: GatewayRequest) -> Response:
        people = [one | {"registered": self.registered(one)} for one in self.people()]
        if not _wants_page(request):
            return _json(people)
        rows = [
            (
                " ".join(one.get(part) or "" for part in ("last_name", "first_name", "middle_name")),
                one.get("snils"),
                one.get("birth_date"),
                "; ".join(f"{card['position']}, {card['organisation_name']}" for card in one.get("cards", [])),
                "да" if one["registered"] else "нет",
                one.get("note"),
            )
            for one in people
        ]
        heads = ("ФИО", "СНИЛС", "Дата рождения", "Где работает", "Есть кабинет", "Примечание")
        return _page("Люди учебного регистра", heads, rows)

    def _clock(self, request: GatewayRequest) -> Response:
        body = _body(request)
        if isinstance(body, Response):
            return body
        seconds = body.get("advance_seconds")
        if not _is_number(seconds, MAX_ADVANCE):
            return _wrong("advance_seconds", f"Часы идут только вперёд: укажите число секунд от 0 до {MAX_ADVANCE}.")
        with self.moving:
            clock.advance(seconds)
        self.pump.drain()
        self.pump.sweep()
        return _json({"now": clock.stamp(clock.now())})

    def _faults(self, request: GatewayRequest) -> Response:
        body = _body(request)
        if isinstance(body, Response):
            return body
        name, mode, seconds = body.get("system"), body.get("mode"), body.get("seconds", 10)
        if not isinstance(name, str) or name not in self.systems:
            return _wrong("system", f"Такой системы нет. Есть: {', '.join(self.systems)}.")
        modes = self.systems[name].modes
        if mode not in modes:
            return _wrong("mode", f"Такого режима нет. Есть: {', '.join(modes)}.")
        if not _is_number(seconds, MAX_DELAY):
            return _wrong("seconds", f"Укажите число секунд от 0 до {MAX_DELAY}.")
        self.systems[name].fault(mode, seconds)
        if mode == "ok":
            self.healed(name)
        return _json({"system": name, "mode": mode, "seconds": seconds})


def _host(request: GatewayRequest) -> str | None:
    try:
        return urlsplit(f"//{request.environ.get('HTTP_HOST', '')}").hostname
    except ValueError:
        return None


def _body(request: GatewayRequest) -> dict[str, Any] | Response:
    """Read a JSON object; a page of another site cannot send this type without asking first."""
    if request.mimetype != "application/json":
        return refused(UnsupportedMediaType())
    try:
        body = json.loads(request.body())
    except (ValueError, RecursionError):
        return refused(InvalidJson(why="это не JSON."))
    return body if isinstance(body, dict) else refused(InvalidJson(why="нужен объект с полями."))


def _is_number(value: object, most: int) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _wrong(field: str, sentence: str) -> Response:
    return problem(422, "wrong-fields", "Есть ошибки в полях", sentence, [wrong(f"/{field}", sentence)])


def _wants_page(request: GatewayRequest) -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _json(tree: object) -> Response:
    return Response(json.dumps(tree, ensure_ascii=False), content_type="application/json")


def _passkey(_: GatewayRequest) -> Response:
    """Show the trial page of passkeys, whose one script is a file of this address."""
    return _framed("Ключ доступа", (HERE / "passkey.html").read_text("utf-8"), "script-src 'self'; connect-src 'self'")


def _passkey_script(_: GatewayRequest) -> Response:
    return Response((HERE / "passkey.js").read_text("utf-8"), content_type="text/javascript; charset=utf-8")


def _page(title: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Response:
    head = "".join(f'<th scope="col">{html.escape(one)}</th>' for one in heads)
    lines = ["".join(f"<td><pre>{html.escape(str(one or ''))}</pre></td>" for one in row) for row in rows]
    body = f"<table border><tr>{head}</tr>{''.join(f'<tr>{one}</tr>' for one in lines)}</table>"
    return _framed(title, body if lines else "<p>Пока пусто.</p>")


def _framed(title: str, body: str, more: str = "") -> Response:
    response = Response(PAGE.format(style=STYLE, title=title, body=body))
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = "; ".join(filter(None, ("default-src 'none'", f"style-src 'sha256-{style}'", more)))
    response.headers.update({"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy})
    return response
