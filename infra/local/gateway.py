"""API Gateway of the local cabinet: an HTTP request becomes a REST proxy event, the function's answer a response."""

import base64
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit
from uuid import uuid4

import msgspec
from werkzeug.wrappers import Request, Response

from chalicelib.kit import ids
from chalicelib.kit.problem import CONTENT_TYPE, FieldError, Problem, Refusal

MAX_BODY_BYTES: Final = 6 * 1024 * 1024  # what a Lambda function takes
NO_ROUTE: Final = "/{proxy+}"


class GatewayRequest(Request):
    """A request whose path can be had as it came."""

    max_content_length = MAX_BODY_BYTES

    @property
    def raw_path(self) -> str:
        """The path, still percent-encoded."""
        raw = str(self.environ["RAW_URI"])
        path = raw.partition("?")[0] if raw.startswith("/") else urlsplit(raw).path
        return quote(path.encode("latin-1"), safe="/%:@!$&'()*+,;=~-._")

    def body(self) -> bytes:
        """Read the whole body or refuse it; werkzeug cuts a chunked one off at the limit without a word."""
        body = self.get_data(cache=False)
        if len(body) >= MAX_BODY_BYTES:
            self.stream.read(1)  # raises when the stream was cut
        return body


def forward(app: Any, request: GatewayRequest) -> Response:
    """Call the application; HEAD asks for what GET would answer, and the server leaves the body out."""
    template, values = find_route(app.routes, request.raw_path)
    methods = app.routes.get(template, {})
    asks_head = request.method == "HEAD" and "GET" in methods and "HEAD" not in methods
    answer = app(to_event(request, template, values, "GET" if asks_head else request.method), None)
    response = from_answer(answer)
    if "GET" in methods and "Allow" in response.headers:
        response.headers["Allow"] = ", ".join(sorted({*methods, "HEAD"}))
    return response


def find_route(templates: Iterable[str], raw_path: str) -> tuple[str, dict[str, str]]:
    """Find the route of a path, plain segments before parameters, whose values stay percent-encoded as on AWS."""
    given = raw_path.removesuffix("/").split("/")
    found = []
    for template in templates:
        wanted = template.split("/")
        if len(wanted) == len(given) and all(_fits(one, part) for one, part in zip(wanted, given, strict=True)):
            found.append((sum(map(_is_parameter, wanted)), template))
    if not found:
        return NO_ROUTE, {}
    _, template = min(found)
    pairs = zip(template.split("/"), given, strict=True)
    return template, {one[1:-1]: part for one, part in pairs if _is_parameter(one)}


def to_event(request: GatewayRequest, template: str, values: dict[str, str], method: str) -> dict[str, Any]:
    """Write a request as API Gateway's REST proxy event, version 1; every body is in base64."""
    headers = dict(request.headers.items())
    raw_query = str(request.environ.get("QUERY_STRING", "")).encode("latin-1").decode("utf-8", "replace")
    query = parse_qs(raw_query, keep_blank_values=True)
    address = request.remote_addr or ""
    return {
        "resource": template,
        "path": request.raw_path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: given[-1] for name, given in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": values or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": template,
            "httpMethod": method,
            "path": request.raw_path,
            "protocol": str(request.environ.get("SERVER_PROTOCOL", "HTTP/1.1")),
            "requestId": str(uuid4()),
            "stage": "local",
            "identity": {"sourceIp": address, "userAgent": request.headers.get("User-Agent")},
        },
        "body": base64.b64encode(request.body()).decode(),
        "isBase64Encoded": True,
    }


def from_answer(answer: dict[str, Any]) -> Response:
    """Turn the answer of a function into a response."""
    body = answer.get("body") or ""
    content = base64.b64decode(body) if answer.get("isBase64Encoded") else str(body).encode()
    headers = list((answer.get("headers") or {}).items())
    headers += [(name, one) for name, given in (answer.get("multiValueHeaders") or {}).items() for one in given]
    return Response(content, int(answer["statusCode"]), headers=headers)


def refused(refusal: Refusal) -> Response:
    """Answer with one of the cabinet's own refusals."""
    return _problem(refusal.problem(ids.token()))


def problem(status: int, code: str, title: str, detail: str, errors: Iterable[FieldError] = ()) -> Response:
    """Answer with a problem that only the local cabinet has, so that it needs no help page."""
    return _problem(
        Problem(
            type="about:blank",
            title=title,
            status=status,
            detail=detail,
            code=code,
            trace_id=ids.token(),
            errors=list(errors),
        )
    )


def _problem(body: Problem) -> Response:
    response = Response(msgspec.json.encode(body), body.status, content_type=CONTENT_TYPE)
    response.headers.update({"Content-Language": "ru", "Cache-Control": "no-store"})
    return response


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def _fits(wanted: str, given: str) -> bool:
    return bool(given) if _is_parameter(wanted) else wanted == unquote(given)
