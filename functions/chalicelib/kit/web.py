"""Requests and replies as the kit sees them, free of the framework."""

import hmac
import ipaddress
import re
from typing import Any
from urllib.parse import unquote

import msgspec

from chalicelib.kit import secret

EDGE_HEADER = "x-cabinet-edge"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the API."""

    method: str
    path: str
    headers: dict[str, str]
    path_values: dict[str, str]
    query: dict[str, list[str]]
    body: bytes
    address: str
    trace_id: str

    @property
    def network(self) -> str:
        """The caller's network: the IPv4 address, or the /64 of an IPv6 one."""
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return "unknown"
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)

    @property
    def device(self) -> str:
        """What the client says of itself, cut short."""
        return re.sub(r"[^\x20-\x7e]", "", self.headers.get("user-agent", ""))[:200]

    @property
    def device_kind(self) -> str:
        """The device without version numbers, which change with every update of a browser."""
        return re.sub(r"[0-9][0-9._]*", "", self.device)

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie that came with the call."""
        pairs = (one.strip().partition("=") for one in self.headers.get("cookie", "").split(";"))
        return next((value for found, _, value in pairs if found == name), None)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: JSON text, a problem or a file."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = {}


def from_gateway(event: dict[str, Any], body: bytes, trace_id: str) -> Request:
    """Read an API Gateway (REST, proxy) event."""
    context = event["requestContext"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    many = event.get("multiValueQueryStringParameters") or {}
    return Request(
        method=context["httpMethod"],
        path=unquote(event.get("path") or ""),
        headers=headers,
        path_values={name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()},
        query={name: list(values) for name, values in many.items()},
        body=body,
        address=_address(headers, (context.get("identity") or {}).get("sourceIp") or ""),
        trace_id=trace_id,
    )


def _address(headers: dict[str, str], peer: str) -> str:
    """Return the caller's address: the gateway's peer, or whom the CDN names when the call proves to come from it.

    The CDN adds its own caller at the end of X-Forwarded-For, the gateway adds the CDN; what stands before is anybody's.
    """
    shown = headers.get(EDGE_HEADER)
    if shown is None or not _proven(shown.encode("utf-8", "replace")):
        return peer
    named = [one.strip() for one in headers.get("x-forwarded-for", "").split(",")]
    if named[-1] == peer:
        named.pop()
    return named[-1] if named and named[-1] else peer


def _proven(shown: bytes) -> bool:
    known = secret.keys("edge", secret.KEEP_SECONDS)  # the CDN goes on with an older one until it is deployed anew
    return any(hmac.compare_digest(shown, one.hex().encode()) for one in known)


def edge_proof() -> str:
    """Return what only the deployment's own CDN can show now: 64 hex digits."""
    return secret.key("edge").hex()
