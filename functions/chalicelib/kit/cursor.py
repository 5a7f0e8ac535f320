"""Cursors of lists: the place to go on from, sealed so that it works only for this caller, this list and one day."""

import base64
import json
from typing import Any

from chalicelib.kit import clock, secret, vault
from chalicelib.kit.refusals import InvalidCursor

LIFE_SECONDS = 24 * 3600


def seal(place: dict[str, Any], bound: str) -> str:
    """Write a place as an opaque text bound to the operation, caller, owner, filters and sort."""
    plain = json.dumps({"place": place, "until": clock.epoch() + LIFE_SECONDS}).encode()
    return base64.urlsafe_b64encode(vault.encrypt(secret.derive("cursor"), plain, bound.encode())).decode()


def open_(sealed: str, bound: str) -> dict[str, Any]:
    """Read what `seal` wrote for the same bounds; refuses anything else."""
    try:
        plain = vault.decrypt(secret.derive("cursor"), base64.urlsafe_b64decode(sealed), bound.encode())
    except ValueError:
        raise InvalidCursor from None
    opened = json.loads(plain)
    if opened["until"] < clock.epoch():
        raise InvalidCursor
    place: dict[str, Any] = opened["place"]
    return place
