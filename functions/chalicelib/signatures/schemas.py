"""Whom the cabinet trusts to say whose a key is: data of the release, or the deployment's own file."""

import base64
from functools import lru_cache
from pathlib import Path

import msgspec

from chalicelib.kit import settings
from chalicelib.kit.problem import Refusal
from chalicelib.signatures.rules import Certificate, read_certificate


class TrustedAuthority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the list; the certificate is DER in base64."""

    name: str
    certificate: str
    source: str


class TrustedAuthorities(msgspec.Struct, frozen=True):
    """The file; its other fields say where it comes from and how it is filled."""

    authorities: list[TrustedAuthority]


def trusted_authorities() -> tuple[Certificate, ...]:
    """Return the certificates that may issue a person's; a row that cannot be read stops everything."""
    return _read(settings.trust_file() or str(Path(__file__).parent / "data/trusted_authorities.json"))


@lru_cache(maxsize=4)
def _read(path: str) -> tuple[Certificate, ...]:
    listed = msgspec.json.decode(Path(path).read_bytes(), type=TrustedAuthorities)
    return tuple(_certificate(one) for one in listed.authorities)


def _certificate(row: TrustedAuthority) -> Certificate:
    try:
        found = read_certificate(base64.b64decode(row.certificate, validate=True))
    except (Refusal, ValueError) as error:
        raise ValueError(f"The certificate of «{row.name}» in the list of trusted authorities is unusable.") from error
    if not found.is_authority:
        raise ValueError(f"The certificate of «{row.name}» in the list of trusted authorities is no authority's.")
    return found
