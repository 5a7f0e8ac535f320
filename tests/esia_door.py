"""The way through ЕСИА's door: a browser that knows only addresses, pages and forms."""

import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from conftest import World

_NO_PROXY = urllib.request.ProxyHandler({})


class _Stays(urllib.request.HTTPRedirectHandler):
    """Shows a redirection instead of following it."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


OPENER = urllib.request.build_opener(_NO_PROXY, _Stays)


def open_page(address: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Open an address, or send a form; returns the status, the text, and where it redirects."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    try:
        with OPENER.open(urllib.request.Request(address, data), timeout=10) as answer:
            return answer.status, answer.read().decode(), ""
    except urllib.error.HTTPError as other:
        with other:
            return other.code, other.read().decode(), other.headers.get("Location") or ""


def returned(location: str) -> dict[str, str]:
    """Read the parameters of the address of return."""
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))


def enter(world: World, address: str, person: str = "doctor", act: str = "enter") -> dict[str, str]:
    """Go to ЕСИА's page, sign in as a person of the sandbox, and return what it sends back."""
    status, page, location = open_page(address)
    if location:
        return returned(location)
    assert status == 200, page
    found = re.search(r'name="ticket" value="([^"]+)"', page)
    assert found is not None
    form = {"ticket": found.group(1), "person": person, "act": act}
    _, page, location = open_page(f"{world.esia.url}/aas/oauth2/login", form)
    if not location:
        assert "Подтверждение входа" in page
        _, page, location = open_page(f"{world.esia.url}/aas/oauth2/login", form | {"second": "123456"})
    return returned(location)


def start(world: World) -> dict[str, Any]:
    """Begin a sign-in and return the answer."""
    answer = world.client.call("start_esia_sign_in", {"provider": "esia"})
    assert answer.status == 201, answer.raw
    found: dict[str, Any] = answer.json
    return found


def answered(started: dict[str, Any], code: str) -> dict[str, str]:
    """Write the body that brings a code back to a sign-in, whatever the code was given for."""
    state = returned(started["address"])["state"]
    return {"flow": started["flow"], "state": state, "code": code}


def proof(world: World, person: str = "doctor") -> dict[str, str]:
    """Go through ЕСИА as a person and return the body that proves his identity."""
    started = start(world)
    back = enter(world, started["address"], person)
    return {"flow": started["flow"], "state": back["state"], "code": back["code"]}
