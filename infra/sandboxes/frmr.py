"""Sandbox of the Federal register of medical workers (ФРМР): a local HTTP server over synthetic people.

Contract, JSON in UTF-8 both ways:

* Every request needs ``Authorization: Bearer <key>``, else 401 ``{"error": "unauthorized"}``.
  ``X-Request-Id`` of the request is repeated in the answer.
* ``POST /frmr/v1/workers/search`` with ``{"snils": "<11 digits>"}`` gives 200 ``{"worker": {…}}``, the card as it
  stands in ``frmr_people.json`` without ``note``, or 404 ``{"error": "not_found"}``.
  It is a POST because personal data never stand in URLs: those are kept by journals and proxies.
* ``POST /frmr/v1/workers/changes`` with ``{"change_id": "…", "snils": "…", "fields": {"<name>": <value>, …}}`` gives
  202 ``{"accepted": true}``. A repeated ``change_id`` gives 200 ``{"accepted": true, "repeated": true}`` and has no
  second effect, whatever else it carries. An unknown СНИЛС gives 404 ``{"error": "not_found"}``.
* A malformed body gives 422 ``{"error": "invalid", "fields": ["<name>", …]}``; ``["body"]`` when it is no JSON object.
* Another address gives 404 ``{"error": "no_such_address"}``, another method 405 ``{"error": "method_not_allowed"}``.

An accepted change is only listed by ``FrmrSandbox.changes()``: cards stay as they are, because the real register
changes a card after the employer has checked the change, so a client must never take 202 for «done».

Faults: ``slow`` answers late, ``down`` closes the connection without an answer, ``refusing`` answers 403
``{"error": "refused"}``, ``flaky`` answers 503 ``{"error": "unavailable"}`` to every second request.
Nothing is logged: requests hold personal data.
"""

import copy
import hmac
import json
import re
import threading
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PEOPLE_FILE: Final = Path(__file__).with_name("frmr_people.json")
MODES: Final = ("ok", "slow", "down", "refusing", "flaky")
SNILS_FORM: Final = re.compile(r"[0-9]{11}")
LONGEST_CHANGE_ID: Final = 100
SEARCH: Final = "/frmr/v1/workers/search"
CHANGES: Final = "/frmr/v1/workers/changes"

Answer = tuple[int, dict[str, Any]]


class QuietHandler(WSGIRequestHandler):
    """Writes no request log and hangs up for good when an answer is broken off."""

    timeout = 60  # a client that sends half a request does not hold its thread for ever

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Stay silent: requests hold personal data."""

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:  # noqa: ARG002
        """Close the connection instead of waiting for a next request on it."""
        self.close_connection = True


class QuietServer(ThreadedWSGIServer):
    """Keeps tracebacks to itself: their messages could quote personal data."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Stay silent."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a broken connection is the client's to notice."""


class FrmrSandbox:
    """The register on 127.0.0.1, its people, the changes it took, and its faults."""

    modes = MODES

    def __init__(self, key: str = "sandbox", port: int = 0, people: Iterable[dict[str, Any]] | None = None) -> None:
        source = json.loads(PEOPLE_FILE.read_text(encoding="utf-8")) if people is None else people
        self._workers = {worker["snils"]: copy.deepcopy(worker) for worker in source}
        self._changes: dict[str, dict[str, Any]] = {}
        self._key = key
        self._port = port
        self._mode = "ok"
        self._seconds = 0.0
        self._requests = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server: QuietServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Begin to answer; the base URL is returned."""
        if self._server is not None:
            raise RuntimeError("the sandbox is already running")
        self._stopping = threading.Event()
        try:
            server = QuietServer("127.0.0.1", self._port, self._application, handler=QuietHandler)
        except SystemExit as refusal:  # werkzeug leaves the whole program when the port is taken
            raise OSError(f"port {self._port} of 127.0.0.1 cannot be listened on") from refusal
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="frmr-sandbox", daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{server.port}"

    def stop(self) -> None:
        """Stop answering at once; requests held by a slow fault are broken off. People and changes stay."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        self._stopping.set()
        server.shutdown()
        thread.join()

    def people(self) -> list[dict[str, Any]]:
        """List all workers with their notes; a copy."""
        with self._lock:
            return copy.deepcopy(list(self._workers.values()))

    def changes(self) -> list[dict[str, Any]]:
        """List the accepted changes in the order of arrival; a copy."""
        with self._lock:
            return copy.deepcopy(list(self._changes.values()))

    def put(self, worker: dict[str, Any]) -> None:
        """Add a worker, or replace the one of the same СНИЛС."""
        if not _is_snils(worker.get("snils")):
            raise ValueError("snils: 11 digits are needed")
        with self._lock:
            self._workers[worker["snils"]] = copy.deepcopy(worker)

    def dismiss(self, snils: str, day: date | str) -> None:
        """End on the given day all cards of the worker that are open or end later."""
        until = (day if isinstance(day, date) else date.fromisoformat(day)).isoformat()
        with self._lock:
            if snils not in self._workers:
                raise LookupError("no worker has this СНИЛС")
            for card in self._workers[snils]["cards"]:
                if card["until"] is None or card["until"] > until:
                    card["until"] = until

    def fault(self, mode: str, seconds: float = 10.0) -> None:
        """Behave from now on as the mode says; ``seconds`` is the delay of ``slow``."""
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; the modes are {', '.join(MODES)}")
        with self._lock:
            self._mode, self._seconds, self._requests = mode, seconds, 0

    def _application(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one WSGI request."""
        request = Request(environ)
        body = request.get_data()  # read even if unused: a client must not meet a reset while it is still sending
        status, payload = self._troubled() or self._answer(request, body)
        response = Response(json.dumps(payload, ensure_ascii=False), status, content_type="application/json")
        request_id = request.headers.get("X-Request-Id")
        if request_id is not None:
            response.headers["X-Request-Id"] = request_id
        return response(environ, start_response)

    def _troubled(self) -> Answer | None:
        """Play the fault of the moment: an answer instead of the real one, or nothing."""
        with self._lock:
            self._requests += 1
            mode, seconds, even = self._mode, self._seconds, self._requests % 2 == 0
            stopping = self._stopping
        if mode == "down" or (mode == "slow" and stopping.wait(seconds)):
            raise ConnectionAbortedError("the sandbox hangs up")
        if mode == "refusing":
            return 403, {"error": "refused"}
        if mode == "flaky" and even:
            return 503, {"error": "unavailable"}
        return None

    def _answer(self, request: Request, body: bytes) -> Answer:
        """Answer as a healthy register does."""
        operation = {SEARCH: self._search, CHANGES: self._change}.get(request.path)
        if operation is None:
            return 404, {"error": "no_such_address"}
        if request.method != "POST":
            return 405, {"error": "method_not_allowed"}
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._key}".encode()):
            return 401, {"error": "unauthorized"}
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            return 422, {"error": "invalid", "fields": ["body"]}
        return operation(asked)

    def _search(self, asked: dict[str, Any]) -> Answer:
        """Find one worker by СНИЛС."""
        snils = asked.get("snils")
        if not _is_snils(snils):
            return 422, {"error": "invalid", "fields": ["snils"]}
        with self._lock:
            worker = copy.deepcopy(self._workers.get(snils))
        if worker is None:
            return 404, {"error": "not_found"}
        worker.pop("note", None)
        return 200, {"worker": worker}

    def _change(self, asked: dict[str, Any]) -> Answer:
        """Take a change for the employer's check, once."""
        change_id, snils, fields = asked.get("change_id"), asked.get("snils"), asked.get("fields")
        sound = {
            "change_id": isinstance(change_id, str) and 0 < len(change_id.strip()) <= LONGEST_CHANGE_ID,
            "snils": _is_snils(snils),
            "fields": isinstance(fields, dict) and bool(fields) and all(name.strip() for name in fields),
        }
        wrong = [name for name, good in sound.items() if not good]
        if wrong:
            return 422, {"error": "invalid", "fields": wrong}
        with self._lock:
            if change_id in self._changes:
                return 200, {"accepted": True, "repeated": True}
            if snils not in self._workers:
                return 404, {"error": "not_found"}
            self._changes[str(change_id)] = {"change_id": change_id, "snils": snils, "fields": fields}
        return 202, {"accepted": True}


def _is_snils(value: object) -> bool:
    """Tell whether the value has the form of a СНИЛС; the register answers 404, not 422, to a wrong checksum."""
    return isinstance(value, str) and SNILS_FORM.fullmatch(value) is not None
