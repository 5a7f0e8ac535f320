"""GOST R 34.10-2012: the published example holds, and what lies beside the curve or the range is refused."""

import pytest
from gostcrypto import gostsignature
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.kit import gost

TEXT = b"a text"
OIDS = [
    *(f"1.2.643.7.1.2.1.1.{number}" for number in range(1, 5)),
    *(f"1.2.643.7.1.2.1.2.{number}" for number in range(1, 4)),
]


def curve(oid: str) -> gost.Curve:
    """Return a curve that exists."""
    found = gost.curve(oid)
    assert found is not None
    return found


def key_of(point: tuple[int, int], size: int) -> bytes:
    """Write a point as a key."""
    return point[0].to_bytes(size, "little") + point[1].to_bytes(size, "little")


def test_the_example_of_the_standard_holds() -> None:
    """RFC 7091, 7.1: its curve, key, hash and signature; the sum of the two products is the point it prints."""
    p = 0x8000000000000000000000000000000000000000000000000000000000000431
    q = 0x8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3
    b = 0x5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E
    base = (2, 0x8E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8)
    key = (
        0x7F2B49E270DB6D90D8595BEC458B50C58585BA1D4E9B788F6689DBD8E56FD80B,
        0x26F1B489D6701DD185C8413A977B3CBBAF64D1C593D26627DFFB101A87FF77DA,
    )
    e = 0x2DFBC1B372D89A1188C09C52E0EEC61FCE52032AB1022E8E67ECE6672B043EE5
    r = 0x41AA28D2F1AB148280CD9ED56FEDA41974053554A42767B83AD043FD39DC0493
    s = 0x1456C64BA4642A1653C235A98A60249BCD6D3F746B631DF928014F6C5BF9C40
    example = gost.Curve(256, p, 7, b, q, base)
    assert example.holds(base)
    assert example.holds(key)
    inverse = pow(e, -1, q)
    found = example.sum_of(s * inverse % q, -r * inverse % q, key)
    assert found is not None
    assert found[0] % q == r


@pytest.mark.parametrize("oid", OIDS)
def test_a_base_point_lies_on_its_curve_and_has_its_order(oid: str) -> None:
    """The parameters belong together; the point at infinity is where adding ends."""
    one = curve(oid)
    assert one.holds(one.base)
    assert one.sum_of(one.q, 0, one.base) is None
    assert one.add(None, one.base) == one.add(one.base, None) == one.base
    assert one.sum_of(one.q - 1, 1, one.base) is None
    assert one.sum_of(2, 3, one.base) == one.sum_of(5, 0, one.base) == one.sum_of(0, 5, one.base)


def test_unknown_parameters_have_no_curve() -> None:
    """The test parameters of CryptoPro and anything else."""
    assert [gost.curve(oid) for oid in ("1.2.643.2.2.35.0", "1.2.3", "")] == [None] * 3


@settings(max_examples=6, deadline=None)
@given(secret=st.integers(2, 2**250), oid=st.sampled_from(OIDS))
def test_another_implementation_agrees(secret: int, oid: str) -> None:
    """What gostcrypto signs with its own maths is right here; its keys are big-endian and its hash reversed."""
    one = curve(oid)
    size = one.bits // 8
    named = gostsignature.CURVES_R_1323565_1_024_2019[gost._PARAMETERS[oid]]
    signer = gostsignature.new(gostsignature.MODE_256 if size == 32 else gostsignature.MODE_512, named)
    hashed = bytearray(gost.digest(one.bits, TEXT)[::-1])
    signed = bytes(signer.sign(bytearray(secret.to_bytes(size, "big")), hashed))
    public = bytes(signer.public_key_generate(bytearray(secret.to_bytes(size, "big"))))
    key, signature = public[:size][::-1] + public[size:][::-1], signed[size:] + signed[:size]
    assert gost.verifies(one, key, TEXT, signature)
    assert not gost.verifies(one, key, TEXT + b".", signature)
    assert not gost.verifies(one, key, TEXT, signed)


def test_what_is_no_key_or_no_signature_is_refused() -> None:
    """Points beside the curve, numbers out of range, other lengths."""
    one = curve(OIDS[0])
    key = key_of(one.base, 32)
    fair = (1).to_bytes(32, "big") * 2
    beside = [(0, 0), (0, 1), (one.base[0], one.base[1] + 1), (one.base[0] + one.p, one.base[1]), (2**256 - 1,) * 2]
    for point in beside:
        if max(point) < 2**256:
            assert not gost.verifies(one, key_of(point, 32), TEXT, fair)
    for number in (0, one.q, 2**256 - 1):
        out = number.to_bytes(32, "big")
        assert not gost.verifies(one, key, TEXT, out + fair[:32])
        assert not gost.verifies(one, key, TEXT, fair[:32] + out)
    for length in (0, 63, 65, 128):
        assert not gost.verifies(one, bytes(length), TEXT, fair)
        assert not gost.verifies(one, key, TEXT, bytes(length))
