"""GOST signatures and digests fit those of OpenSSL's own GOST engine, byte order included."""

import base64

import pytest

from chalicelib.kit import gost_raw

# Made by OpenSSL 3.0 with its GOST engine: `openssl req -newkey gost2012_256 -pkeyopt paramset:A -x509`, then
# `openssl dgst -md_gost12_256` of the certificate and `-sign` of the word.
CERTIFICATE = base64.b64decode(
    "MIIBdzCCASKgAwIBAgIUOhbdVpIm+2bt9e+xyTyoBaFqZeowDAYIKoUDBwEBAwIFADAMMQowCAYDVQQDDAFUMB4XDTI2MTEyMzAwMDQ1NloXDTM2"
    "MTEyMDAwMDQ1NlowDDEKMAgGA1UEAwwBVDBmMB8GCCqFAwcBAQEBMBMGByqFAwICIwEGCCqFAwcBAQICA0MABEBZXGblSj1bCnP/YCgwN0/uIO3W"
    "3Sfx1GxsxGSedr/Z3y4uBDzCeglRx7btcCgw2zaUW4c5XODI0WQ7+jnO8QkJo1MwUTAdBgNVHQ4EFgQUqqi0ZXveVpE/AFq1SU3Yctol9O0wHwYD"
    "VR0jBBgwFoAUqqi0ZXveVpE/AFq1SU3Yctol9O0wDwYDVR0TAQH/BAUwAwEB/zAMBggqhQMHAQEDAgUAA0EAS8kPY9sUTTouOprIh73Mgg9gtYrW"
    "p/V+1bKJrnEVgVg+/Ge5OOKv/W7BR84w4YntAY77F99qDLfE5CPn+KGVzA=="
)
PRIVATE = bytes.fromhex("23ca645cea31363622a2f1ccbf724c71c8028012b67d78bab8fb4856d7009c36")
DIGEST = "a2977c9ef44d80d1d301f720b6a38aceab4aa4c4d944fd9171fa36ca09dcfbaa"
WORD = "мнемоника".encode()
SIGNATURE = bytes.fromhex(
    "afb7c60fa150fc7a010847cedf8846ea59d7596d79de1dcba15808d60e11c7172ff8c120d4ebbbbdfeb7a72437f8a356fa3219646977cca67d4d41489a25af45"
)


def key() -> gost_raw.PublicKey:
    found = gost_raw.key_of(CERTIFICATE)
    assert isinstance(found, gost_raw.PublicKey)
    return found


def test_the_digest_is_openssl_s() -> None:
    """Streebog-256 of a certificate, as `client_certificate_hash` needs it; and the empty text of RFC 6986's family."""
    assert gost_raw.streebog(CERTIFICATE).hex() == DIGEST


def test_a_key_is_read_from_a_certificate() -> None:
    """CryptoPro-A is tc26-B; the point fits the private key, so its byte order is right."""
    assert key() == gost_raw.public_of("B", PRIVATE)


def test_openssl_s_signature_is_accepted_and_a_changed_one_is_not() -> None:
    """One changed bit of text or signature, a reversed or cut signature: none fits."""
    assert gost_raw.verify(key(), WORD, SIGNATURE)
    changed = bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:]
    wrong = [changed, SIGNATURE[::-1], SIGNATURE[32:] + SIGNATURE[:32], SIGNATURE[:-1], b"", bytes(64), b"\xff" * 64]
    assert [gost_raw.verify(key(), WORD, one) for one in wrong] == [False] * len(wrong)
    assert not gost_raw.verify(key(), WORD + b" ", SIGNATURE)


def test_our_signature_fits_and_is_never_the_same() -> None:
    """What is signed here is accepted by the key of the certificate; each signature has a number of its own."""
    one, other = (gost_raw.sign("B", PRIVATE, WORD) for _ in range(2))
    assert one != other
    assert gost_raw.verify(key(), WORD, one)


def test_what_is_no_certificate_is_refused() -> None:
    """A cut, empty or foreign text raises ValueError and nothing else."""
    for text in (b"", b"\x30\x00", CERTIFICATE[:100], b"-----BEGIN", b"\x30\x03\x02\x01\x01"):
        with pytest.raises(ValueError, match="certificate"):
            gost_raw.key_of(text)
