"""The one local origin: the application under `/v1`, `/_local`, `/health`, and the built help site."""

import errno
import json
import mimetypes
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge
from werkzeug.security import safe_join
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.utils import redirect, send_from_directory
from werkzeug.wrappers import Response

from chalicelib.kit import ids, log
from chalicelib.kit.refusals import BodyTooLarge, InternalError, MethodNotAllowed
from infra.local.backstage import Backstage
from infra.local.gateway import GatewayRequest, forward, problem, refused

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HOST: Final = "127.0.0.1"
SITE_SECONDS: Final = 60
WAITING: Final = 128
TYPES: Final = {".js": "text/javascript", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json"}


LONGEST_PATH: Final = 1000


class Front:
    """The WSGI application. Until `open` has given it what stands behind, only the help site answers."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._app: Any = None
        self._backstage: Backstage | None = None
        for ending, kind in TYPES.items():  # the machine's own list may lack them or know them otherwise
            mimetypes.add_type(kind, ending)

    def open(self, app: Any, backstage: Backstage) -> None:
        """Let requests in."""
        self._app, self._backstage = app, backstage

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one WSGI request."""
        request = GatewayRequest(environ)
        try:
            response = self._answer(request)
        except RequestEntityTooLarge:
            response = refused(BodyTooLarge())
        except HTTPException as error:
            response = problem(error.code or 400, "bad-request", "Запрос не читается", "Исправьте запрос и повторите.")
        except Exception as error:  # noqa: BLE001 - nothing of the inside leaves, not even by a fault of this server
            log.failure("unexpected", ids.token(), error)
            response = refused(InternalError())
        return response(environ, start_response)

    def _answer(self, request: GatewayRequest) -> Response:
        path = request.raw_path
        backstage = self._backstage
        if path == "/health":
            body = json.dumps({"status": "ok" if backstage else "starting"})
            return Response(body, 200 if backstage else 503, content_type="application/json")
        first = path.split("/")[1] if path.startswith("/") else ""
        if first not in {"v1", "_local"}:
            return self._page(request)
        if backstage is None:
            return problem(503, "starting", "Кабинет запускается", "Повторите через несколько секунд.")
        return forward(self._app, request) if first == "v1" else backstage.answer(request)

    def _page(self, request: GatewayRequest) -> Response:
        """Send a file of the help site."""
        if request.method not in {"GET", "HEAD"}:
            response = refused(MethodNotAllowed())
            response.headers["Allow"] = "GET, HEAD"
            return response
        path = unquote(request.raw_path).lstrip("/")
        if len(path) > LONGEST_PATH or "\0" in path:
            return self._missing(request)
        found = safe_join(str(self._site), path)
        if found is not None and Path(found).is_dir():
            if path and not path.endswith("/"):
                return redirect(f"/{quote(path)}/", 301)
            path += "index.html"
        try:
            return self._file(request, path)
        except NotFound:
            return self._missing(request)

    def _missing(self, request: GatewayRequest) -> Response:
        try:
            response = self._file(request, "404.html", conditional=False)
        except NotFound:
            text = "Такой страницы нет. Если справка ещё не собрана, соберите её: make docs.\n"
            return Response(text, 404, content_type="text/plain; charset=utf-8")
        response.status_code = 404
        return response

    def _file(self, request: GatewayRequest, path: str, *, conditional: bool = True) -> Response:
        site = self._site.resolve()
        response = send_from_directory(site, path, request.environ, conditional=conditional, max_age=SITE_SECONDS)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = "frame-ancestors 'none'"  # what a page's own <meta> cannot say
        del response.headers["Date"]  # the server writes its own
        return response


class _Handler(WSGIRequestHandler):
    timeout = 60  # a client that sends half a request does not hold its thread for ever

    def version_string(self) -> str:
        """Name no versions."""
        return "cabinet"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Stay silent: the application writes its own log, without personal data."""


class _Listening(ThreadedWSGIServer):
    """Keeps tracebacks to itself: their messages could quote personal data."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Stay silent."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a broken connection is the client's to notice."""


class PortTaken(Exception):  # noqa: N818 - a state of the machine, told to a person in one sentence
    """The port cannot be listened on; the message says why."""


class Server:
    """A front that listens on 127.0.0.1, a thread a request."""

    def __init__(self, front: Front, port: int = 0) -> None:
        # werkzeug would print its own advice and leave the program when the port is taken
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, port))
            except OSError as error:
                raise PortTaken(_why(error, port)) from error
            listener.listen(WAITING)
            self._server = _Listening(HOST, port, front, handler=_Handler, fd=listener.fileno())
        self.port = self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="server", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; answers being written are finished by their threads."""
        self._server.shutdown()
        self._thread.join()


def _why(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Порт {port} уже занят другой программой: остановите её или задайте другой порт в PORT."
    return f"Порт {port} открыть нельзя ({error.strerror}): задайте другой порт в PORT."
