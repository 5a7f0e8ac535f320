"""What the tests of offices share: organisations, invitations, and people who hold roles by invitation."""

import secrets
from typing import Any

import make

from chalicelib.administration.schemas import name_key
from chalicelib.administration.tables import Organisation
from chalicelib.kit import ids


def organisation(kind: str = "hospital", organisation_id: str | None = None, **overrides: Any) -> str:
    """Make an organisation and return its number; the hospital of the tests unless told otherwise."""
    made = organisation_id or (make.HOSPITAL if kind == "hospital" else ids.new("org"))
    name = overrides.pop("name", f"Организация {secrets.token_hex(3)}")
    facts = {"kind": kind, "name": name, "name_key": name_key(name), "ogrn": "1027700132195"}
    Organisation(organisation_id=made, **facts | overrides).save()
    return made
