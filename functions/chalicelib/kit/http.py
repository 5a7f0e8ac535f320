"""Chalice at the edge: routes from the catalogue, events in, problem+json out. Nothing else knows the framework."""

import base64
import contextvars
from typing import Any, Final

import msgspec
from chalice.app import Chalice, Response

from chalicelib.kit import log
from chalicelib.kit.catalogue import Operation
from chalicelib.kit.door import Visit, problem
from chalicelib.kit.ids import token
from chalicelib.kit.problem import Refusal
from chalicelib.kit.refusals import InternalError, InvalidJson, MethodNotAllowed, RouteNotFound
from chalicelib.kit.web import Reply, from_gateway

_EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Referrer-Policy": "no-referrer",
}
_event: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("event")
_reply: contextvars.ContextVar[Reply | None] = contextvars.ContextVar("reply")


class Cabinet(Chalice):
    """The Chalice application; its state is not shared between calls, so parallel ones do not mix."""

    def mount(self, operation: Operation) -> None:
        """Give an operation its route."""

        def view(**_: str) -> Response:
            _reply.set(_visit(operation))
            return Response(body="", status_code=200)

        view.__name__ = operation.name
        self.route(operation.path, methods=[operation.method], content_types=[], name=operation.name)(view)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer an API Gateway event; what the framework refuses by itself becomes a problem too."""
        _event.set(event)
        _reply.set(None)
        try:
            refusal = self._misdirected(event)
            if refusal is None:
                super().__call__(event, context)
            reply = _reply.get() or problem(refusal or InternalError(), _trace_id(event))
        except Exception as error:  # noqa: BLE001 - the last line before the gateway
            log.failure("unexpected", _trace_id(event), error)
            reply = problem(InternalError(), _trace_id(event))
        if reply.status == MethodNotAllowed.status:
            reply = msgspec.structs.replace(reply, headers=reply.headers | {"Allow": self._allowed(event)})
        return _to_gateway(reply)

    def _misdirected(self, event: dict[str, Any]) -> Refusal | None:
        context = event.get("requestContext") or {}
        methods = self.routes.get(context.get("resourcePath") or "")
        if methods is None:
            return RouteNotFound()
        return None if context.get("httpMethod") in methods else MethodNotAllowed()

    def _allowed(self, event: dict[str, Any]) -> str:
        path = (event.get("requestContext") or {}).get("resourcePath") or ""
        return ", ".join(sorted(self.routes.get(path, ())))


def _visit(operation: Operation) -> Reply:
    event = _event.get()
    raw = (event.get("body") or "").encode("utf-8", "surrogatepass")
    try:
        raw = base64.b64decode(raw, validate=True) if event.get("isBase64Encoded") else raw
    except ValueError:
        return problem(InvalidJson(why="тело повреждено."), _trace_id(event))
    reply = Visit(operation, from_gateway(event, raw, _trace_id(event))).answer()
    log.event("answered", _trace_id(event), operation=operation.name, status=reply.status)
    return reply


def _trace_id(event: dict[str, Any]) -> str:
    given = (event.get("requestContext") or {}).get("requestId")
    return str(given) if given else token()


def _to_gateway(reply: Reply) -> dict[str, Any]:
    headers = _EVERYWHERE | {"Content-Type": reply.content_type} | reply.headers
    is_text = "json" in reply.content_type
    return {
        "statusCode": reply.status,
        "headers": headers,
        "body": reply.body.decode() if is_text else base64.b64encode(reply.body).decode(),
        "isBase64Encoded": not is_text,
    }
