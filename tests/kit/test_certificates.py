"""Certificates of the settings are read from base64 or a file, in DER or PEM; anything else stops at once."""

import base64
from pathlib import Path

import pytest

from chalicelib.kit import certificates, gost_raw
from infra.sandboxes.esia_keys import GostKey, RsaKey, streebog


def test_a_certificate_is_the_same_however_it_is_named(tmp_path: Path) -> None:
    """Base64 in the setting, a DER file, a PEM file: the same bytes and the same fingerprint."""
    der = GostKey().certificate
    text = base64.b64encode(der).decode()
    (tmp_path / "a.cer").write_bytes(der)
    (tmp_path / "a.pem").write_text(f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    named = [text, str(tmp_path / "a.cer"), str(tmp_path / "a.pem")]
    assert [certificates.read(one) for one in named] == [der] * 3
    assert {certificates.fingerprint(one) for one in named} == {streebog(der).hex().upper()}


def test_keys_of_both_kinds_are_read() -> None:
    """A GOST certificate gives its point, an RSA one its key."""
    gost, rsa = GostKey(), RsaKey()
    point = certificates.key(base64.b64encode(gost.certificate).decode())
    assert point == gost_raw.PublicKey("C", gost.public)
    assert certificates.key(base64.b64encode(rsa.certificate).decode()).key_type == "RSA"


def test_what_is_no_certificate_is_refused(tmp_path: Path) -> None:
    """A file of something else, and a file that is not there."""
    (tmp_path / "key.txt").write_text("не сертификат")
    with pytest.raises(ValueError, match="cannot be read"):
        certificates.read(str(tmp_path / "key.txt"))
    with pytest.raises(FileNotFoundError):
        certificates.read(str(tmp_path / "nothing.cer"))
