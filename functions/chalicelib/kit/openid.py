"""What an OpenID provider publishes about itself: its endpoints and keys, kept for a few minutes."""

from typing import Any, Final
from urllib.parse import urlsplit

from chalicelib.kit import clock, jws
from chalicelib.kit.outside import System, Unavailable

CACHE_SECONDS: Final = 300
_FOUND: Final = 200
_kept: dict[str, tuple[dict[str, Any], int]] = {}


class Published:
    """The documents of one issuer; raises Unavailable when they do not come, Untrusted when they are another's."""

    def __init__(self, system: System, issuer: str) -> None:
        self._system = system
        self._issuer = issuer

    def endpoint(self, name: str) -> str | None:
        """Return an address that the discovery document names; it is as well protected as the issuer's own."""
        found = self._read(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            raise jws.Untrusted("The discovery document is of another issuer.")
        address = found.get(name)
        if address is None:
            return None
        if urlsplit(str(address)).scheme != urlsplit(self._issuer).scheme:
            raise jws.Untrusted("The discovery document names an unprotected address.")
        return str(address)

    def needed(self, name: str) -> str:
        """Return an address without which there is no sign-in."""
        address = self.endpoint(name)
        if address is None:
            raise jws.Untrusted(f"The discovery document names no {name}.")
        return address

    def proved(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that the issuer has signed with a published key."""
        key_id, address = jws.header_of(token).get("kid"), self.needed("jwks_uri")
        keys = jws.keys_named(self._read(address), key_id)
        if not keys:  # the issuer may have changed its keys since they were read
            _kept.pop(address, None)
            keys = jws.keys_named(self._read(address), key_id)
        return jws.claims_of(token, keys)

    def _read(self, address: str) -> dict[str, Any]:
        found, until = _kept.get(address, ({}, 0))
        if until > clock.epoch():
            return found
        status, found = self._system.get(address)
        if status != _FOUND:
            raise Unavailable
        _kept[address] = (found, clock.epoch() + CACHE_SECONDS)
        return found
