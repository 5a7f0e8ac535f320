"""The parsers that meet strangers' bytes: how each is called, what it may answer, and sound samples to begin from.

A target takes bytes and returns, or lets out what nobody has promised. It also fails when what was damaged is believed.
"""

import base64
import csv
import hashlib
import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import authenticator
import msgspec
import openpyxl  # type: ignore[import-untyped] # it publishes no types
import papers_of_signature as papers

from chalicelib.journal.rules import safe
from chalicelib.kit import body, catalogue, clock, gost_raw, jws, secret, session, text, ticket, vault, webauthn
from chalicelib.kit.passkeys import Assertion, Registration, creation_options, request_options
from chalicelib.kit.problem import Refusal
from chalicelib.kit.secret import Root
from chalicelib.kit.text import Text, base64url, base64url_bytes
from chalicelib.kit.web import Request
from chalicelib.kit.webauthn import Unfit
from chalicelib.signatures import rules
from infra.sandboxes.esia_keys import GostKey, RsaKey, token

ACT = "fuzzing/1"
TEXT = "Подписав этот текст, вы входите в кабинет.".encode()
CLAIMS = {"sub": "1", "iss": "esia"}
PLACE = {"place": {"person_id": "psn_1"}}


@dataclass(frozen=True)
class Target:
    """One parser and how the samples that lead into it are made."""

    run: Callable[[bytes], None]
    make: Callable[[], list[bytes]]

    @property
    def samples(self) -> list[bytes]:
        """The samples, made once."""
        return _samples(self.make)


@cache
def _samples(made: Callable[[], list[bytes]]) -> list[bytes]:
    return made()


def without_cloud() -> None:
    """Give the deployment a secret without asking a cloud for it."""
    secret._copies[:] = [secret._Copy({"root": "11" * 32}, [Root(1, "22" * 32, 0)], 2**62)]


@cache
def signer() -> papers.Signer:
    """Return a person with a key of ECDSA, the fastest."""
    return papers.usual_ca().certificate(algorithm="ecdsa-256")


@cache
def keys() -> tuple[RsaKey, GostKey]:
    """Return a key of each kind that ЕСИА uses."""
    return RsaKey(), GostKey()


@cache
def public_keys() -> list[Any]:
    """Return their public keys."""
    return [jws.key_of(one.certificate) for one in keys()]


@cache
def device() -> authenticator.Device:
    """Return a device with a key."""
    return authenticator.Device()


@cache
def assertion() -> dict[str, Any]:
    """Return a right signature of the device, by a key that is known already."""
    known()
    return device().get(msgspec.to_builtins(asked()))


def asked() -> dict[str, Any]:
    """Return what the device is asked for, with the browser's names."""
    made: dict[str, Any] = json.loads(msgspec.json.encode(request_options(ACT, [device().id], verified=False)))
    return made


@cache
def registration() -> dict[str, Any]:
    """Return a right answer of the device to `create`."""
    options = json.loads(msgspec.json.encode(creation_options(ACT, "psn_1", "Анна", [])))
    return device().create(options)


@cache
def known() -> webauthn.Credential:
    """Return the device's key as the cabinet keeps it."""
    return webauthn.read_registration(ACT, body.convert(registration(), Registration))


@cache
def bodies() -> list[type[Any]]:
    """Return what operations take as their bodies, in a fixed order."""
    catalogue.load()
    return [one.body for _, one in sorted(catalogue.operations.items()) if one.body is not None]


@cache
def queries() -> list[type[Any]]:
    """Return what operations take in their addresses, in a fixed order."""
    catalogue.load()
    return [one.query for _, one in sorted(catalogue.operations.items()) if one.query is not None]


@cache
def text_types() -> list[type[Text]]:
    """Return all types of text."""
    return [one for one in vars(text).values() if isinstance(one, type) and issubclass(one, Text)]


def read_signature(data: bytes) -> None:
    """A detached signature is refused, or it is the person's own by a certificate that the authority has issued."""
    try:
        found = rules.verify_detached(data, TEXT)
        rules.refuse_untrusted(found, [rules.read_certificate(papers.usual_ca().der)], clock.epoch())
    except Refusal:
        return
    assert found.der == signer().der


def read_certificate(data: bytes) -> None:
    """A certificate is read or refused."""
    with suppress(Refusal):
        rules.holder_of(rules.read_certificate(data))


def read_token(data: bytes) -> None:
    """A token is untrusted, or it says what was signed."""
    try:
        said = jws.claims_of(data.decode("latin-1"), public_keys())
    except jws.Untrusted:
        return
    assert said == CLAIMS


def read_key_set(data: bytes) -> None:
    """A published set of keys gives keys or nothing."""
    with suppress(ValueError, RecursionError):
        tree = json.loads(data)
        if isinstance(tree, dict):
            jws.keys_named(tree, "1")


def read_key(data: bytes) -> None:
    """The key in a certificate is found, or there is none."""
    with suppress(ValueError):
        gost_raw.key_of(data)


def read_ticket(data: bytes) -> None:
    """A cursor is void, or the one that was given out."""
    said = ticket.unseal("cursor", _decoded(data), "list")
    assert said is None or said["place"] == PLACE["place"]


def read_body(data: bytes) -> None:
    """A body is taken or refused, whatever operation it comes to."""
    with suppress(Refusal):
        body.convert(body.read_json(data[1:]), bodies()[data[0] % len(bodies())] if data else object)


def read_query(data: bytes) -> None:
    """The values of an address are taken or refused."""
    pairs = dict(one.partition("=")[::2] for one in data[1:].decode("utf-8", "replace").split("&"))
    with suppress(Refusal):
        body.convert(pairs, queries()[data[0] % len(queries())] if data else object, strict=False)


def read_headers(data: bytes) -> None:
    """Whoever presents whatever is told to sign in, or has presented a text."""
    names = ("authorization", "cookie", "user-agent", "sec-fetch-site", "origin", "content-type")
    headers = dict(zip(names, data.decode("latin-1").split("\n"), strict=False))
    request = Request(
        method="POST", path="/", headers=headers, path_values={}, query={}, body=b"", address="", trace_id=""
    )
    with suppress(Refusal):
        session.presented(request)
    with suppress(Refusal):
        session._refuse_cross_site(request)
    assert len(request.device) <= 200
    assert len(request.device_kind) <= 200


def read_registration(data: bytes) -> None:
    """What a device answers to `create` is unfit, or names the device's own key."""
    try:
        said = body.convert(registration() | {"attestation": base64url(data)}, Registration)
        found = webauthn.read_registration(ACT, said)
    except (Unfit, Refusal):
        return
    assert found.id == device().id


def read_assertion(data: bytes) -> None:
    """A signature of a device is unfit, or it covers what was asked."""
    size = int.from_bytes(data[:2], "big") % 512
    parts = {"authenticator_data": data[2 : 2 + size], "signature": data[2 + size :]}
    try:
        said = body.convert(assertion() | {name: base64url(one) for name, one in parts.items()}, Assertion)
        webauthn.check_assertion(ACT, known(), said, verified=False)
    except (Unfit, webauthn.Cloned, Refusal):
        return
    assert base64url(parts["authenticator_data"]) == assertion()["authenticator_data"]


def read_page(data: bytes) -> None:
    """What a browser says of its page is unfit, or it is of this site and this act."""
    with suppress(Unfit):
        with webauthn._judged():
            webauthn._check_page(data, "webauthn.get", ACT)
        said = json.loads(data.decode("utf-8", "replace"))  # members that nobody reads may hold anything
        right = json.loads(base64url_bytes(assertion()["client_data"]))
        assert (said["type"], said["challenge"], said["origin"]) == (right["type"], right["challenge"], right["origin"])


def read_text(data: bytes) -> None:
    """A text is refused by a sentence, or has a form that stays when it is read again."""
    kind = text_types()[data[0] % len(text_types())] if data else Text
    try:
        once = kind.parse(_decoded(data[1:]))
    except ValueError:
        return
    assert kind.parse(str(once)) == once


def read_sealed(data: bytes) -> None:
    """A sealed value opens for its key and place, or not at all."""
    with suppress(ValueError):
        assert vault.decrypt(hashlib.sha256(b"key").digest(), data, b"place") == TEXT


def write_cells(data: bytes) -> None:
    """A text in a file comes out of an independent reader, and starts no formula."""
    cell = safe(data.decode("utf-8", "replace")[:2000])
    sheet = io.StringIO(newline="")
    csv.writer(sheet, delimiter=";").writerow([cell, "x"])
    assert next(csv.reader(io.StringIO(sheet.getvalue(), newline=""), delimiter=";")) == [cell, "x"]
    book = openpyxl.Workbook()
    place = book.worksheets[0].cell(1, 1, cell)
    assert place.data_type != "f"


def _decoded(data: bytes) -> str:
    """Read bytes as text, half characters included: JSON can write those."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _sealed() -> list[bytes]:
    return [vault.encrypt(hashlib.sha256(b"key").digest(), TEXT, b"place")]


def _bodies() -> list[bytes]:
    tree = {"login": "ivanova_ap", "snils": "112-233-445 95", "items": [{"a": None}], "n": 1e3}
    return [bytes([number]) + json.dumps(tree, ensure_ascii=False).encode() for number in range(0, 60, 12)]


def _assertions() -> list[bytes]:
    told, signature = (base64url_bytes(assertion()[name]) for name in ("authenticator_data", "signature"))
    return [len(told).to_bytes(2, "big") + told + signature]


def _tickets() -> list[bytes]:
    made = ticket.seal("cursor", 10**9, "list", **PLACE)
    return [made.encode(), base64.b64encode(b"\x01" + bytes(40))]


def _key_sets() -> list[bytes]:
    numbers = keys()[0].key.public_key().public_numbers()
    said = {
        name: base64url(one.to_bytes(-(-one.bit_length() // 8), "big"))
        for name, one in (("n", numbers.n), ("e", numbers.e))
    }
    return [json.dumps({"keys": [{"kid": "1", "kty": "RSA"} | said]}).encode()]


def _tokens() -> list[bytes]:
    return [token(one, "id", CLAIMS).encode() for one in keys()]


TARGETS = {
    "signature": Target(read_signature, lambda: [signer().sign(TEXT), signer().sign(TEXT, "-cades")]),
    "certificate": Target(read_certificate, lambda: [signer().der, papers.usual_ca().der]),
    "token": Target(read_token, _tokens),
    "key_set": Target(read_key_set, _key_sets),
    "key": Target(read_key, lambda: [one.certificate for one in keys()]),
    "ticket": Target(read_ticket, _tickets),
    "body": Target(read_body, _bodies),
    "query": Target(read_query, lambda: [b"\x00limit=10&since=2026-01-01", b"\x01cursor=AQ&kind=x", b"\x02limit=null"]),
    "headers": Target(read_headers, lambda: [b"Bearer a.b.c", b"\n__Host-cabinet=a.b.c; x=1\nUA/1.0\nsame-origin"]),
    "registration": Target(read_registration, lambda: [base64url_bytes(registration()["attestation"])]),
    "assertion": Target(read_assertion, _assertions),
    "page": Target(read_page, lambda: [base64url_bytes(assertion()["client_data"])]),
    "text": Target(
        read_text, lambda: [bytes([number]) + kind.example.encode() for number, kind in enumerate(text_types())]
    ),
    "sealed": Target(read_sealed, _sealed),
    "cells": Target(write_cells, lambda: [b"=1+1", 'Firefox; "х"'.encode(), b"\t@SUM(A1)"]),
}
