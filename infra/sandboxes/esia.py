"""Sandbox of ЕСИА: a local HTTP server that signs people in as the real one does, and checks as strictly.

What it keeps to (docs/engineering/esia-contract.md says where it is known from):

* ``GET /aas/oauth2/v2/ac`` checks every parameter, the time, the hash of the certificate and the GOST signature of
  ``client_secret``, shows a page in Russian, and returns to ``redirect_uri`` with ``code`` and ``state``, or with
  ``error``, ``error_description`` (``ESIA-007004: …``) and ``state``. An unknown return address is told on the page.
* ``POST /aas/oauth2/v3/te`` exchanges a code (a signed token, 240 s, once) for an access token (1 h) and an id_token;
  a code asked for with ``code_challenge`` only against its ``code_verifier`` (PKCE, S256).
* ``GET /rs/prns/{oid}``, ``…/ctts`` (links, or elements with ``?embed=(elements)``), ``…/ctts/{id}``.
* ``GET /idp/ext/Logout`` returns to ``redirect_url``.

People: ``esia_people.json``, their names from the register's sandbox. Faults: see ``MODES``.
"""

import base64
import copy
import hashlib
import html
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

from werkzeug.serving import ThreadedWSGIServer
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from infra.sandboxes.esia_keys import GostKey, RsaKey, streebog, token
from infra.sandboxes.frmr import PEOPLE_FILE as REGISTER_FILE
from infra.sandboxes.frmr import QuietHandler, QuietServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PEOPLE_FILE: Final = Path(__file__).with_name("esia_people.json")
MODES: Final = {
    "ok": "обычная работа",
    "slow": "ответ через указанное число секунд",
    "down": "соединение закрывается без ответа",
    "refusing": "на всё, что просит кабинет, — 403",
    "flaky": "каждый второй запрос кабинета — 503",
    "overloaded": "ЕСИА перегружена: ESIA-007008",
    "wrong-state": "ответ с токенами повторяет чужой state",
    "skewed": "часы ЕСИА впереди на указанное число секунд",
    "expired-code": "код уже устарел, когда его выдают",
    "reusable-code": "код можно обменять много раз",
    "old-session": "человек подтвердил себя в ЕСИА час назад",
    "gost": "токены подписаны по ГОСТ",
    "next-certificate": "токены подписаны следующим сертификатом ЕСИА",
    "foreign-certificate": "токены подписаны неизвестным сертификатом",
    "inline": "контакты без embed приходят целиком, срок токена — строкой",
    "links": "контакты приходят ссылками и с embed",
    "stray-links": "ссылки на контакты ведут к другому человеку и на другой адрес",
}
ISSUER: Final = "http://esia.gosuslugi.ru/"
CLIENT_ID: Final = "CABINET"
GRANTED: Final = ("openid", "fullname", "birthdate", "gender", "snils", "email", "mobile")
KNOWN: Final = (*GRANTED, "inn", "id_doc", "contacts", "addresses", "medical_doc", "usr_org", "birthplace")
CODE_SECONDS: Final = 240
TOKEN_SECONDS: Final = 3600
CLOCK_SECONDS: Final = 300
ERRORS: Final = {
    "ESIA-007003": "В запросе отсутствует обязательный параметр или он указан дважды",
    "ESIA-007004": "Владелец ресурса или сервис авторизации отклонил запрос",
    "ESIA-007005": "Система-клиент не имеет права запрашивать доступ: мнемоника или сертификат не зарегистрированы",
    "ESIA-007006": "Запрошенная область доступа указана неверно",
    "ESIA-007008": "Сервис авторизации перегружен",
    "ESIA-007011": "Авторизационный код недействителен",
    "ESIA-007013": "Область доступа не указана",
    "ESIA-007014": "Не указан хэш сертификата",
    "ESIA-007015": "Неверное время запроса",
    "ESIA-007019": "Нет разрешения на запрошенные данные",
    "ESIA-007023": "Адрес возврата не разрешён",
    "ESIA-007039": "В запросе кода не было code_challenge, а проверочное слово передано",
    "ESIA-007040": "Проверочное слово не подходит к code_challenge",
    "ESIA-007046": "Вход возможен только со вторым фактором, а он недоступен",
    "ESIA-007053": "client_secret не прошёл проверку",
    "ESIA-007055": "Вход с неподтверждённой учётной записью",
    "ESIA-007194": "Пользователь не является сотрудником организации",
}
SECOND: Final = "123456"
_PAGE: Final = (
    '<!doctype html><html lang="ru"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark"><title>{title}</title><h1>{title}</h1>'
    "<p>Это учебная замена ЕСИА: настоящих данных здесь нет.</p>{body}</html>"
)


class EsiaError(Exception):
    """What ЕСИА refuses, by its own code."""

    def __init__(self, code: str, *, at_home: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.at_home = at_home  # told on ЕСИА's own page: there is nowhere to return to
        self.text = f"{code}: {ERRORS[code]}"


class EsiaSandbox:
    """ЕСИА on 127.0.0.1: its people, keys, requests under way and faults. `now` is the clock to go by."""

    modes = tuple(MODES)

    def __init__(self, now: Callable[[], float], return_addresses: Iterable[str], port: int = 0) -> None:
        self._now = now
        self._returns = set(return_addresses)
        self._port = port
        self._people = {one["key"]: one for one in _people()}
        self.client = GostKey()
        self.keys: dict[str, RsaKey | GostKey] = {
            "now": RsaKey(),
            "next": RsaKey(),
            "gost": GostKey(),
            "foreign": RsaKey(),
        }
        self.certificate = self.client.certificate
        self._requests: dict[str, dict[str, str]] = {}
        self._codes: dict[str, dict[str, Any]] = {}
        self._tokens: dict[str, tuple[int, float]] = {}
        self._mode, self._seconds, self._count = "ok", 0.0, 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server: ThreadedWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self.url = ""
        self.asked: deque[str] = deque(maxlen=100)  # the last paths that were asked for, oldest first

    def start(self) -> str:
        """Begin to answer; the base URL is returned."""
        try:
            server = QuietServer("127.0.0.1", self._port, self._application, handler=QuietHandler)
        except SystemExit as refusal:  # werkzeug leaves the whole program when the port is taken
            raise OSError(f"port {self._port} of 127.0.0.1 cannot be listened on") from refusal
        self._stopping = threading.Event()
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="esia-sandbox", daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{server.port}"
        return self.url

    def stop(self) -> None:
        """Stop answering at once; requests held by a slow fault are broken off."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        self._stopping.set()
        server.shutdown()
        thread.join()

    def environment(self) -> dict[str, str]:
        """Return the settings with which a cabinet is connected to this ЕСИА."""
        trusted = [self.keys[name].certificate for name in ("now", "next", "gost")]
        return {
            "CABINET_ESIA_URL": self.url,
            "CABINET_ESIA_CLIENT_ID": CLIENT_ID,
            "CABINET_ESIA_CERTIFICATE": base64.b64encode(self.certificate).decode(),
            "CABINET_ESIA_PROVIDER_CERTIFICATES": " ".join(base64.b64encode(one).decode() for one in trusted),
        }

    def people(self) -> list[dict[str, Any]]:
        """List the people with their notes; a copy."""
        return copy.deepcopy(list(self._people.values()))

    def fault(self, mode: str, seconds: float = 10.0) -> None:
        """Behave from now on as the mode says."""
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; the modes are {', '.join(MODES)}")
        with self._lock:
            self._mode, self._seconds, self._count = mode, seconds, 0
            self.asked.clear()

    # How a request is answered.

    def _application(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        request.get_data()  # read even if unused: a client must not meet a reset while it is still sending
        self.asked.append(request.path)
        response = self._troubled(request) or self._answer(request)
        response.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        return response(environ, start_response)

    def _troubled(self, request: Request) -> Response | None:
        """Play the fault of the moment on what the cabinet asks; pages for people stay well, so that one can get there."""
        if not request.path.startswith(("/aas/oauth2/v3/te", "/rs/")):
            return None
        with self._lock:
            self._count += 1
            mode, seconds, even, stopping = self._mode, self._seconds, self._count % 2 == 0, self._stopping
        if mode == "down" or (mode == "slow" and stopping.wait(seconds)):
            raise ConnectionAbortedError("the sandbox hangs up")
        if mode == "refusing":
            return _json({"error": "refused"}, 403)
        return _json({"error": "unavailable"}, 503) if mode == "flaky" and even else None

    def _answer(self, request: Request) -> Response:
        if request.path == "/aas/oauth2/v2/ac" and request.method == "GET":
            return self._authorise(request)
        if request.path == "/aas/oauth2/login" and request.method == "POST":
            return self._login(request)
        if request.path == "/aas/oauth2/v3/te" and request.method == "POST":
            return self._exchange(request)
        if request.path.startswith("/rs/prns/") and request.method == "GET":
            return self._person(request)
        if request.path == "/idp/ext/Logout" and request.method == "GET":
            return self._logout(request)
        return _json({"error": "no_such_address"}, 404)

    # The page at which a person proves himself.

    def _authorise(self, request: Request) -> Response:
        asked = _single(request.args.lists())
        try:
            self._refuse_wrong_return(asked)
            self._refuse_wrong_request(asked, request.args.lists(), code=False)
        except EsiaError as error:
            return self._returned(asked, error)
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            self._requests[ticket] = asked
        return self._login_page(ticket)

    def _login_page(self, ticket: str) -> Response:
        shown = "".join(
            f'<p><label><input type="radio" name="person" value="{one["key"]}" required> '
            f"{html.escape(_full_name(one))} — {html.escape(one['note'])}</label></p>"
            for one in self._people.values()
        )
        return _page(
            "Вход через Госуслуги",
            f"<p>Кабинет медицинского работника просит: ФИО, дату рождения, пол, СНИЛС, телефон и почту.</p>{_form(ticket)}"
            f'<fieldset><legend>Кто вы</legend>{shown}</fieldset><button name="act" value="enter">Войти</button> '
            '<button name="act" value="decline" formnovalidate>Отказаться</button></form>',
        )

    def _second_page(self, ticket: str, key: str, wrong: str = "") -> Response:
        return _page(
            "Подтверждение входа",
            f'{wrong}{_form(ticket)}<input type="hidden" name="person" value="{key}">'
            f"<p>Одноразовый код отправлен на телефон (учебный код — {SECOND}).</p>"
            '<p><label>Код <input name="second" inputmode="numeric" autocomplete="one-time-code"></label></p>'
            '<button name="act" value="enter">Продолжить</button></form>',
        )

    def _login(self, request: Request) -> Response:
        ticket, key = request.form.get("ticket", ""), request.form.get("person", "")
        asked = self._requests.get(ticket)
        if asked is None:
            return _page("Вход прерван", "<p>Начните вход на странице кабинета заново.</p>", 400)
        if request.form.get("act") == "decline":
            return self._returned(asked, EsiaError("ESIA-007004"))
        person = self._people.get(key)
        if person is None:
            return self._login_page(ticket)
        if "error" in person:
            return self._returned(asked, EsiaError(person["error"]))
        if "second" in person and request.form.get("second") != SECOND:
            wrong = "<p role=alert>Код не подошёл.</p>" if "second" in request.form else ""
            return self._second_page(ticket, key, wrong)
        self._requests.pop(ticket, None)
        return redirect(
            f"{asked['redirect_uri']}?{urlencode({'code': self._code(asked, person), 'state': asked['state']})}"
        )

    def _returned(self, asked: dict[str, str], error: EsiaError) -> Response:
        """Go back with an error, or tell it here when there is no known place to go back to."""
        if error.at_home:
            return _page("Ошибка", f"<p>{html.escape(error.text)}</p>", 400)
        said = {"error": "access_denied", "error_description": error.text, "state": asked.get("state", "")}
        return redirect(f"{asked['redirect_uri']}?{urlencode(said)}")

    def _logout(self, request: Request) -> Response:
        back = request.args.get("redirect_url", "")
        allowed = {f"{urlsplit(one).scheme}://{urlsplit(one).netloc}" for one in self._returns}
        if (
            request.args.get("client_id") != CLIENT_ID
            or f"{urlsplit(back).scheme}://{urlsplit(back).netloc}" not in allowed
        ):
            return _page("Ошибка", "<p>Адрес возврата не разрешён.</p>", 400)
        return redirect(back)

    # What the cabinet's own requests must hold.

    def _refuse_wrong_return(self, asked: dict[str, str]) -> None:
        if asked.get("redirect_uri") not in self._returns:
            raise EsiaError("ESIA-007023", at_home=True)

    def _refuse_wrong_request(
        self, asked: dict[str, str], given: Iterable[tuple[str, list[str]]], *, code: bool
    ) -> None:
        needed = {"client_id", "client_secret", "redirect_uri", "state", "timestamp", *(("code",) if code else ())}
        fixed = {"grant_type": "authorization_code", "token_type": "Bearer"} if code else {"response_type": "code"}
        doubled = any(len(values) > 1 for _, values in given)
        if doubled or not all(asked.get(one) for one in needed) or not fixed.items() <= asked.items():
            raise EsiaError("ESIA-007003")
        if self._mode == "overloaded":
            raise EsiaError("ESIA-007008")
        if asked["client_id"] != CLIENT_ID:
            raise EsiaError("ESIA-007005")
        self._refuse_wrong_scope(asked.get("scope", "").split())
        self._refuse_wrong_time(asked["timestamp"])
        if not _is_uuid4(asked["state"]) or asked.get("code_challenge_method", "S256") != "S256":
            raise EsiaError("ESIA-007003")
        if "client_certificate_hash" not in asked:
            raise EsiaError("ESIA-007014")
        if asked["client_certificate_hash"] != streebog(self.certificate).hex().upper():
            raise EsiaError("ESIA-007053")
        names = ("client_id", "scope", "scope_org", "timestamp", "state", "redirect_uri", *(("code",) if code else ()))
        signed = "".join(asked.get(one, "") for one in names).encode()
        if not self.client.signed(signed, _from_base64url(asked["client_secret"])):
            raise EsiaError("ESIA-007053")

    def _refuse_wrong_scope(self, scopes: list[str]) -> None:
        if not scopes:
            raise EsiaError("ESIA-007013")
        if not set(scopes) <= set(KNOWN):
            raise EsiaError("ESIA-007006")
        if not set(scopes) <= set(GRANTED):
            raise EsiaError("ESIA-007019")

    def _refuse_wrong_time(self, said: str) -> None:
        try:
            moment = datetime.strptime(said, "%Y.%m.%d %H:%M:%S %z")
        except ValueError:
            raise EsiaError("ESIA-007015") from None
        if abs(moment - datetime.fromtimestamp(self._clock(), UTC)) > timedelta(seconds=CLOCK_SECONDS):
            raise EsiaError("ESIA-007015")

    # Codes, tokens and data.

    def _exchange(self, request: Request) -> Response:
        asked = _single(request.form.lists())
        try:
            self._refuse_wrong_request(asked, request.form.lists(), code=True)
            spent = self._spend(asked)
        except EsiaError as error:
            return _json(
                {"error": "invalid_request", "error_description": error.text, "state": asked.get("state")}, 400
            )
        return _json(
            self._issued(spent["person"], str(uuid4()) if self._mode == "wrong-state" else asked["state"]), 200
        )

    def _spend(self, asked: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            found = self._codes.get(asked["code"])
            if found is None or found["used"] or found["until"] < self._clock():
                raise EsiaError("ESIA-007011")
            if found["redirect_uri"] != asked["redirect_uri"]:
                raise EsiaError("ESIA-007011")
            _refuse_wrong_verifier(found["challenge"], asked.get("code_verifier"))
            found["used"] = self._mode != "reusable-code"
        return found

    def _code(self, asked: dict[str, str], person: dict[str, Any]) -> str:
        now, life = self._clock(), -1 if self._mode == "expired-code" else CODE_SECONDS
        claims = {
            "iss": ISSUER, "client_id": CLIENT_ID, "nbf": now, "iat": now, "exp": now + life, "scope": asked["scope"],
            "auth_mthd": person.get("method", "PWD"), "auth_time": now, "urn:esia:sid": str(uuid4()),
            "urn:esia:sbj_id": person["oid"], "urn:esia:client:state": asked["state"], "redirect_uri": asked["redirect_uri"],
            **({"acr": {"2fa": person["second"]}} if "second" in person else {}),
        }  # fmt: skip
        made = token(self._key(person), "authorization_code", claims)
        with self._lock:
            self._codes[made] = {
                "person": person, "until": now + life, "redirect_uri": asked["redirect_uri"], "used": False,
                "challenge": asked.get("code_challenge"),
            }  # fmt: skip
        return made

    def _issued(self, person: dict[str, Any], state: str) -> dict[str, Any]:
        now, sid, oid = self._clock(), str(uuid4()), person["oid"]
        times = {"iss": ISSUER, "nbf": now, "iat": now, "exp": now + TOKEN_SECONDS, "urn:esia:sid": sid}
        scope = " ".join(f"{one}?oid={oid}" for one in GRANTED)
        access = token(
            self._key(person), "access", times | {"client_id": CLIENT_ID, "scope": scope, "urn:esia:sbj_id": oid}
        )
        level = person.get("level", "PR")
        subject = {
            "urn:esia:sbj:typ": "P", "urn:esia:sbj:oid": oid, "urn:esia:sbj:nam": f"OID.{oid}",
            "urn:esia:sbj:lvl": level, "urn:esia:sbj:is_tru": level == "PR",
        }  # fmt: skip
        said = {
            "aud": CLIENT_ID,
            "sub": oid,
            "auth_time": now - 3600 if self._mode == "old-session" else now,
            "amr": person.get("method", "PWD"),
            "urn:esia:amd": "PWD",
        }
        with self._lock:
            self._tokens[access] = (oid, now + TOKEN_SECONDS)
        return {
            "access_token": access,
            "id_token": token(self._key(person), "id", times | said | {"urn:esia:sbj": subject}),
            "refresh_token": str(uuid4()),
            "expires_in": str(TOKEN_SECONDS) if self._mode == "inline" else TOKEN_SECONDS,
            "state": state,
            "token_type": "Bearer",
        }

    def _key(self, person: dict[str, Any]) -> RsaKey | GostKey:
        if person.get("foreign"):
            return self.keys["foreign"]
        names = {"gost": "gost", "next-certificate": "next", "foreign-certificate": "foreign"}
        return self.keys[names.get(self._mode, "now")]

    def _person(self, request: Request) -> Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        oid, until = self._tokens.get(bearer, (0, 0.0))
        if until < self._clock():
            return _json({"code": "ESIA-005005", "message": "Токен недействителен"}, 401)
        person = next(one for one in self._people.values() if one["oid"] == oid)
        base, path = f"/rs/prns/{oid}", request.path.rstrip("/")
        contacts = {f"{base}/ctts/{one['id']}": one for one in _contacts(person)}
        if path == base:
            return _json(_data(person), 200)
        if path in contacts:
            return _json(contacts[path], 200)
        if path != f"{base}/ctts":
            return _json({"code": "ESIA-005011", "message": "Нет доступа"}, 403)
        whole = (request.args.get("embed") == "(elements)" or self._mode == "inline") and self._mode != "links"
        listed: list[Any] = list(contacts.values()) if whole else [f"{self.url}{one}" for one in contacts]
        if self._mode == "stray-links":
            listed = [f"{self.url}/rs/prns/1/ctts/1", f"{self.url.replace('127.0.0.1', 'localhost')}/stray", 5]
        return _json({"stateFacts": ["hasSize"], "size": len(listed), "elements": listed}, 200)

    def _clock(self) -> int:
        return int(self._now() + (self._seconds if self._mode == "skewed" else 0))


def _people() -> list[dict[str, Any]]:
    """Read the people; who works in medicine is called as the register calls him."""
    register = {one["snils"]: one for one in json.loads(REGISTER_FILE.read_text(encoding="utf-8"))}
    named = ("last_name", "first_name", "middle_name", "birth_date")
    found = json.loads(PEOPLE_FILE.read_text(encoding="utf-8"))
    return [{name: register[one["snils"]][name] for name in named if one["snils"] in register} | one for one in found]


def _data(person: dict[str, Any]) -> dict[str, Any]:
    number, day = person["snils"], datetime.strptime(person["birth_date"], "%Y-%m-%d")  # noqa: DTZ007 - a date alone
    said = {
        "stateFacts": ["EntityRoot"],
        "lastName": person["last_name"],
        "firstName": person["first_name"],
        "birthDate": day.strftime("%d.%m.%Y"),
        "gender": "F",
        "trusted": person.get("level", "PR") == "PR",
        "status": "REGISTERED",
        "verifying": False,
    }
    if person["middle_name"]:
        said["middleName"] = person["middle_name"]
    if number:
        said["snils"] = f"{number[:3]}-{number[3:6]}-{number[6:9]} {number[9:]}"
    return said


def _contacts(person: dict[str, Any]) -> list[dict[str, Any]]:
    state, tail = "VERIFIED" if person.get("verified", True) else "NOT_VERIFIED", str(person["oid"])[-3:]
    return [
        {"id": 14239100, "type": "EML", "value": f"gosuslugi{tail}@example.ru", "vrfStu": state},
        {"id": 14239101, "type": "MBT", "value": f"+7(916)5550{tail}", "vrfStu": state},
        {"id": 14239102, "type": "PHN", "value": "+7(495)0000000", "vrfStu": "NOT_VERIFIED"},
    ]


def _full_name(person: dict[str, Any]) -> str:
    return " ".join(filter(None, (person["last_name"], person["first_name"], person["middle_name"])))


def _form(ticket: str) -> str:
    return f'<form method="post" action="/aas/oauth2/login"><input type="hidden" name="ticket" value="{ticket}">'


def _page(title: str, body: str, status: int = 200) -> Response:
    response = Response(_PAGE.format(title=title, body=body), status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response


def _json(tree: object, status: int) -> Response:
    return Response(json.dumps(tree, ensure_ascii=False), status, content_type="application/json")


def _single(given: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    return {name: values[0] for name, values in given}


def _refuse_wrong_verifier(challenge: str | None, verifier: str | None) -> None:
    """Hold a code to the one who asked for it (PKCE, S256), where he gave a challenge."""
    if challenge is None and verifier is not None:
        raise EsiaError("ESIA-007039")
    made = base64.urlsafe_b64encode(hashlib.sha256((verifier or "").encode()).digest()).decode().rstrip("=")
    if challenge is not None and made != challenge:
        raise EsiaError("ESIA-007040")


def _is_uuid4(text: str) -> bool:
    try:
        return str(UUID(text)) == text and UUID(text).version == 4  # noqa: PLR2004 - the kind of UUID
    except ValueError:
        return False


def _from_base64url(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
