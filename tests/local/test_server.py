"""The local front: what the application is sent, what the site and `/_local` answer, and what is refused."""

import base64
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.kit import clock
from infra.local.backstage import Backstage
from infra.local.gateway import MAX_BODY_BYTES
from infra.local.server import Front, Server

ROOT = Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}
Answer = tuple[int, http.client.HTTPMessage, bytes]
Ask = Callable[..., Answer]


class EchoApp:
    """A stand-in for the application: it answers with the event it was given."""

    def __init__(self) -> None:
        self.routes: dict[str, dict[str, object]] = defaultdict(dict)
        for method, path in (
            ("GET", "/v1/things/{thing}"),
            ("POST", "/v1/things/{thing}"),
            ("GET", "/v1/things/last"),
            ("DELETE", "/v1/gone"),
            ("GET", "/v1/picture"),
        ):
            self.routes[path][method] = None

    def __call__(self, event: dict[str, Any], _: object) -> dict[str, Any]:
        context = event["requestContext"]
        methods = self.routes.get(context["resourcePath"])
        headers = {"Content-Type": "application/json"}
        if methods is None:
            return {"statusCode": 404, "headers": headers, "body": json.dumps(event)}
        if context["httpMethod"] not in methods:
            return {"statusCode": 405, "headers": headers | {"Allow": ", ".join(sorted(methods))}, "body": "{}"}
        if context["resourcePath"] == "/v1/picture":
            body = base64.b64encode(b"\x89PNG\xff").decode()
            return {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": body, "isBase64Encoded": True}
        if context["resourcePath"] == "/v1/gone":
            return {"statusCode": 204, "headers": {}, "body": ""}
        time.sleep(0.01)  # long enough for parallel requests to meet
        return {"statusCode": 200, "headers": headers, "body": json.dumps(event)}


class StillPump:
    """A stand-in for the pump: it counts what it was asked."""

    def __init__(self) -> None:
        self.sent = [
            {"channel": "sms", "to": "+70000000000", "text": "<b>код</b> 1", "sent_at": "2026-11-22T00:00:00Z"}
        ]
        self.asked: list[str] = []

    def drain(self, timeout: float = 10) -> bool:
        """Note the call."""
        self.asked.append("drain")
        return timeout > 0

    def sweep(self) -> int:
        """Note the call."""
        self.asked.append("sweep")
        return 0


class Register:
    """A stand-in for a sandbox: it remembers its fault."""

    modes = ("slow", "down", "refusing", "flaky", "ok")
    mode = ""
    seconds = 0.0

    def fault(self, mode: str, seconds: float = 10.0) -> None:
        """Remember."""
        self.mode, self.seconds = mode, seconds


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Make a small built site, with a secret beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "site"
    (folder / "ошибки").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>Справка</h1>")
    (folder / "404.html").write_text("<h1>Нет такой страницы</h1>")
    (folder / "ошибки" / "index.html").write_text("ошибки")
    (folder / "search.js").write_text("1")
    (folder / "openapi.json").write_text("{}")
    return folder


@pytest.fixture
def pump() -> StillPump:
    """Make a pump that moves nothing."""
    return StillPump()


@pytest.fixture
def register() -> Register:
    """Make a register that does nothing."""
    return Register()


@pytest.fixture
def server(site: Path) -> Iterator[Server]:
    """Serve a front that is not open yet."""
    served = Server(Front(site))
    served.start()
    yield served
    served.stop()


@pytest.fixture
def ask(server: Server, pump: StillPump, register: Register) -> Iterator[Ask]:
    """Open the front and give the way to ask it."""
    people = [{"snils": "1", "last_name": "<i>Лукошкина</i>"}]
    backstage = Backstage(
        pump=pump, systems={"frmr": register}, people=lambda: people, registered=lambda one: one["snils"] == "1"
    )
    server._server.app.open(EchoApp(), backstage)  # type: ignore[attr-defined]
    yield asking(server)
    clock.reset()


def asking(server: Server) -> Ask:
    """Return a function that sends one request and reads the whole answer."""

    def send(method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    return send


def event_of(answer: Answer) -> dict[str, Any]:
    """Read the event that the application echoed."""
    event: dict[str, Any] = json.loads(answer[2])
    return event


def test_a_request_reaches_the_application_as_a_gateway_event(ask: Ask) -> None:
    """Every part that the kit reads is where API Gateway puts it."""
    body = '{"имя": 1}'.encode()
    event = event_of(ask("POST", "/v1/things/t1?a=1&a=2&b=%D1%8F&c=", body, {**JSON, "X-One": "two"}))
    assert event["resource"] == event["requestContext"]["resourcePath"] == "/v1/things/{thing}"
    assert event["httpMethod"] == event["requestContext"]["httpMethod"] == "POST"
    assert event["path"] == "/v1/things/t1"
    assert event["headers"]["X-One"] == "two"
    assert event["headers"]["Content-Type"] == "application/json"
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["я"], "c": [""]}
    assert event["queryStringParameters"]["a"] == "2"
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert len(event["requestContext"]["requestId"]) == 36


def test_a_request_without_query_and_body_has_nulls_like_the_gateway(ask: Ask) -> None:
    """Absent queries are null, an absent body is empty."""
    event = event_of(ask("GET", "/v1/things/last"))
    assert event["requestContext"]["resourcePath"] == "/v1/things/last"
    assert event["pathParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["body"] == ""


@pytest.mark.parametrize("value", ["%D1%8F%2F..", "a%20b", "%25", "a+b", "x;y"])
def test_path_parameters_stay_percent_encoded(ask: Ask, value: str) -> None:
    """A slash inside a value does not change the route, and nothing is decoded on the way."""
    assert event_of(ask("GET", f"/v1/things/{value}"))["pathParameters"] == {"thing": value}


def test_binary_bodies_pass_both_ways(ask: Ask) -> None:
    """Bytes that are no text survive in the request and in the answer."""
    body = bytes(range(256))
    assert base64.b64decode(event_of(ask("POST", "/v1/things/b", body))["body"]) == body
    status, headers, picture = ask("GET", "/v1/picture")
    assert (status, headers["Content-Type"], picture) == (200, "image/png", b"\x89PNG\xff")


def test_an_unknown_path_is_left_to_the_application(ask: Ask) -> None:
    """The application itself says that there is no such route."""
    for path in ("/v1/nothing", "/v1/things", "/v1/things//", "/v1", "/v1/things/a/b"):
        answer = ask("GET", path)
        assert answer[0] == 404, path
        assert event_of(answer)["requestContext"]["resourcePath"] == "/{proxy+}"


def test_too_large_a_body_is_refused_unread(ask: Ask, server: Server) -> None:
    """The declared length is enough for 413; what is left of the body is not waited for."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as wire:
        wire.sendall(f"POST /v1/things/t HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode())
        answer = wire.makefile("rb").readline()
    assert b" 413 " in answer
    status, headers, body = ask("POST", "/v1/things/t", b"x" * (MAX_BODY_BYTES + 1))
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert json.loads(body)["code"] == "body-too-large"
    assert ask("POST", "/v1/things/t", b"x" * MAX_BODY_BYTES)[0] == 200


def test_a_chunked_body_is_put_together_and_limited(ask: Ask, server: Server) -> None:
    """A body without a length arrives whole, or is refused once it passes the limit."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", "/v1/things/t", iter([b"one", b"two"]), encode_chunked=True)
    assert base64.b64decode(json.loads(connection.getresponse().read())["body"]) == b"onetwo"
    connection.close()
    connection.request("POST", "/v1/things/t", iter([b"x" * 1024 * 1024] * 7), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_head_is_get_without_a_body(ask: Ask) -> None:
    """HEAD gives the headers of GET, on operations and pages."""
    for path in ("/v1/things/last", "/"):
        status, headers, body = ask("HEAD", path)
        assert (status, body) == (200, b"")
        assert int(headers["Content-Length"]) > 0


def test_a_wrong_method_names_the_right_ones(ask: Ask) -> None:
    """Allow tells the truth on operations, pages and local addresses."""
    for method, path, allowed in (
        ("PUT", "/v1/things/t", "GET, HEAD, POST"),
        ("HEAD", "/v1/gone", "DELETE"),
        ("POST", "/", "GET, HEAD"),
        ("GET", "/_local/clock", "POST"),
        ("POST", "/_local/outbox", "GET, HEAD"),
    ):
        status, headers, _ = ask(method, path)
        assert (status, headers["Allow"]) == (405, allowed), path


def test_an_answer_without_content_has_no_body(ask: Ask) -> None:
    """204 carries neither body nor length."""
    status, headers, body = ask("DELETE", "/v1/gone")
    assert (status, headers["Content-Length"], body) == (204, None, b"")


def test_parallel_requests_do_not_mix(ask: Ask) -> None:
    """Fifty threads each get their own answer."""

    def one(number: int) -> bool:
        event = event_of(ask("POST", f"/v1/things/{number}", str(number).encode()))
        values: dict[str, str] = event["pathParameters"]
        return values["thing"] == str(number) == base64.b64decode(event["body"]).decode()

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(one, range(200)))


def test_the_site_is_served_with_types_and_a_short_life(ask: Ask) -> None:
    """Pages, scripts and the published contract have their types; a second look costs nothing."""
    for path, kind in (
        ("/", "text/html; charset=utf-8"),
        ("/search.js", "text/javascript; charset=utf-8"),
        ("/openapi.json", "application/json"),
        ("/%D0%BE%D1%88%D0%B8%D0%B1%D0%BA%D0%B8/", "text/html; charset=utf-8"),
    ):
        status, headers, _ = ask("GET", path)
        assert (status, headers["Content-Type"]) == (200, kind), path
        assert "max-age=60" in headers["Cache-Control"]
    again = {"If-None-Match": ask("GET", "/search.js")[1]["ETag"]}
    assert ask("GET", "/search.js", None, again)[0] == 304


def test_a_folder_without_its_slash_is_redirected_within_the_site(ask: Ask) -> None:
    """The address gets its slash; two slashes in front do not lead to another host."""
    for path in ("/%D0%BE%D1%88%D0%B8%D0%B1%D0%BA%D0%B8", "//%D0%BE%D1%88%D0%B8%D0%B1%D0%BA%D0%B8"):
        status, headers, _ = ask("GET", path)
        assert (status, headers["Location"]) == (301, "/%D0%BE%D1%88%D0%B8%D0%B1%D0%BA%D0%B8/")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/x/../../secret.txt",
        "/index.html%00",
        "/..%5csecret.txt",
        "/nothing.html",
    ],
)
def test_nothing_outside_the_site_is_served(ask: Ask, path: str) -> None:
    """Whatever leads out of the folder gets the site's own page of 404."""
    status, headers, body = ask("GET", path)
    assert status == 404
    assert headers["Content-Type"].startswith("text/html")
    assert body.decode() == "<h1>Нет такой страницы</h1>"


def test_health_waits_until_everything_stands(server: Server, site: Path) -> None:
    """Before the front is open: 503 for health and operations, while the help is already there."""
    send = asking(server)
    assert send("GET", "/health")[0] == send("GET", "/v1/things/last")[0] == 503
    assert send("GET", "/_local/outbox")[0] == 503
    assert send("GET", "/")[0] == 200


def test_health_is_ok_when_open(ask: Ask) -> None:
    """An open front says so."""
    status, _, body = ask("GET", "/health")
    assert (status, json.loads(body)) == (200, {"status": "ok"})


def test_the_outbox_is_json_for_programs_and_an_escaped_page_for_people(ask: Ask, pump: StillPump) -> None:
    """It drains first; markup in a message stays text."""
    assert json.loads(ask("GET", "/_local/outbox")[2]) == pump.sent
    assert pump.asked == ["drain"]
    _, headers, body = ask("GET", "/_local/outbox", None, {"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"})
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "&lt;b&gt;код&lt;/b&gt; 1" in body.decode()


def test_people_of_the_register_are_listed_with_whether_they_have_a_cabinet(ask: Ask) -> None:
    """The list is JSON by default, a page in a browser."""
    assert json.loads(ask("GET", "/_local/people")[2])[0]["registered"] is True
    page = ask("GET", "/_local/people", None, {"Accept": "text/html"})[2].decode()
    assert "&lt;i&gt;Лукошкина" in page
    assert "<td><pre>да</pre></td>" in page


def test_the_page_of_passkeys_runs_its_own_script_only(ask: Ask) -> None:
    """The policy allows scripts and calls of this origin, nothing inline, and the script is a file."""
    status, headers, body = ask("GET", "/_local/passkey", None, {"Accept": "text/html"})
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script([^>]*)>(.*?)</script>", body.decode()) == [
        (' type="module" src="/_local/passkey.js"', "")
    ]
    status, headers, body = ask("GET", "/_local/passkey.js")
    assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert b"navigator.credentials.create" in body


def test_the_clock_moves_forward_and_what_is_due_runs(ask: Ask, pump: StillPump) -> None:
    """The answer is the new moment; workers run once, then old items go."""
    before = clock.epoch()
    status, _, body = ask("POST", "/_local/clock", b'{"advance_seconds": 3600}', JSON)
    assert status == 200
    assert clock.epoch() - before >= 3600
    assert 0 <= clock.epoch() - datetime.fromisoformat(json.loads(body)["now"]).timestamp() < 5
    assert pump.asked == ["drain", "sweep"]


@pytest.mark.parametrize("seconds", ["-1", '"60"', "null", "true", "NaN", "1e400", "1e12", "[]"])
def test_the_clock_refuses_what_is_not_a_way_forward(ask: Ask, seconds: str) -> None:
    """Anything but a sensible number of seconds changes nothing."""
    before = clock.epoch()
    status, headers, body = ask("POST", "/_local/clock", f'{{"advance_seconds": {seconds}}}'.encode(), JSON)
    assert (status, headers["Content-Type"]) == (422, "application/problem+json")
    assert json.loads(body)["errors"][0]["pointer"] == "/advance_seconds"
    assert clock.epoch() - before < 5


def test_the_clock_needs_its_field_and_json(ask: Ask) -> None:
    """An absent field is 422, a body that is no object 400."""
    assert ask("POST", "/_local/clock", b"{}", JSON)[0] == 422
    assert ask("POST", "/_local/clock", b"[1]", JSON)[0] == 400
    assert ask("POST", "/_local/clock", b"{", JSON)[0] == 400


def test_a_fault_reaches_the_sandbox(ask: Ask, register: Register) -> None:
    """The mode and its delay are handed on; ten seconds unless said."""
    assert ask("POST", "/_local/faults", b'{"system": "frmr", "mode": "slow", "seconds": 3}', JSON)[0] == 200
    assert (register.mode, register.seconds) == ("slow", 3)
    assert ask("POST", "/_local/faults", b'{"system": "frmr", "mode": "ok"}', JSON)[0] == 200
    assert (register.mode, register.seconds) == ("ok", 10)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ('{"system": "esia", "mode": "ok"}', "frmr"),
        ('{"mode": "ok"}', "frmr"),
        ('{"system": [], "mode": "ok"}', "frmr"),
        ('{"system": "frmr", "mode": "broken"}', "slow, down, refusing, flaky, ok"),
        ('{"system": "frmr", "mode": ["ok"]}', "slow, down, refusing, flaky, ok"),
        ('{"system": "frmr", "mode": "slow", "seconds": -1}', "600"),
    ],
)
def test_an_unknown_fault_is_refused_with_the_known_ones(ask: Ask, register: Register, body: str, named: str) -> None:
    """The sentence names what may be asked."""
    status, _, answer = ask("POST", "/_local/faults", body.encode(), JSON)
    assert status == 422
    assert named in json.loads(answer)["detail"]
    assert register.mode == ""


def test_pages_of_other_sites_cannot_use_the_local_addresses(ask: Ask) -> None:
    """A form's content type and a foreign host name are refused."""
    body = b'{"advance_seconds": 1}'
    assert ask("POST", "/_local/clock", body, {"Content-Type": "text/plain"})[0] == 415
    assert ask("POST", "/_local/clock", body, {**JSON, "Host": "evil.example"})[0] == 403
    assert ask("GET", "/_local/outbox", None, {"Host": "evil.example:8080"})[0] == 403
    assert ask("GET", "/_local/outbox", None, {"Host": "localhost:8080"})[0] == 200


def run_cabinet(port: str) -> subprocess.CompletedProcess[str]:
    """Run the real program where it must end by itself."""
    command = [sys.executable, "-m", "infra.local.cabinet"]
    environment = os.environ | {"PORT": port}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=15, check=False)


def test_a_taken_port_is_told_in_one_sentence() -> None:
    """The program ends with 2 and says which port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_cabinet(str(port))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"Порт {port} уже занят другой программой: остановите её или задайте другой порт в PORT.\n"


@pytest.mark.parametrize("port", ["abc", "-1", "0", "65536", "8080 ", "٨٠٨٠", "9" * 5000])
def test_a_port_that_is_no_number_is_told_in_one_sentence(port: str) -> None:
    """The program ends with 2 before it starts anything."""
    ended = run_cabinet(port)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("PORT должен быть целым числом от 1 до 65535")
    assert ended.stderr.count("\n") == 1


def test_stopping_leaves_no_threads(site: Path) -> None:
    """A stopped server has closed its socket and ended its thread."""
    served = Server(Front(site))
    served.start()
    served.stop()
    assert "server" not in {one.name for one in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", served.port), timeout=1)
