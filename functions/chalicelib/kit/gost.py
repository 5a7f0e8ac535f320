"""GOST R 34.10-2012 signatures checked (RFC 7091) and GOST R 34.11-2012 hashes (RFC 6986).

Only checking, so nothing here is secret. The maths is the kit's own: gostcrypto's takes seven times longer, does not ask
whether a key lies on its curve and takes the base point for a key whose x is 0; hash and curves are gostcrypto's.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_PARAMETERS: Final = {
    "1.2.643.7.1.2.1.1.1": "id-tc26-gost-3410-2012-256-paramSetA",
    "1.2.643.7.1.2.1.1.2": "id-tc26-gost-3410-2012-256-paramSetB",
    "1.2.643.7.1.2.1.1.3": "id-tc26-gost-3410-2012-256-paramSetC",
    "1.2.643.7.1.2.1.1.4": "id-tc26-gost-3410-2012-256-paramSetD",
    "1.2.643.2.2.35.1": "id-tc26-gost-3410-2012-256-paramSetB",  # CryptoPro A
    "1.2.643.2.2.35.2": "id-tc26-gost-3410-2012-256-paramSetC",  # CryptoPro B
    "1.2.643.2.2.35.3": "id-tc26-gost-3410-2012-256-paramSetD",  # CryptoPro C
    "1.2.643.2.2.36.0": "id-tc26-gost-3410-2012-256-paramSetB",  # CryptoPro XchA
    "1.2.643.2.2.36.1": "id-tc26-gost-3410-2012-256-paramSetD",  # CryptoPro XchB
    "1.2.643.7.1.2.1.2.1": "id-tc26-gost-3410-12-512-paramSetA",
    "1.2.643.7.1.2.1.2.2": "id-tc26-gost-3410-12-512-paramSetB",
    "1.2.643.7.1.2.1.2.3": "id-tc26-gost-3410-2012-512-paramSetC",
}
_SIZES: Final = {256: 32, 512: 64}
Point = tuple[int, int] | None  # None is the point at infinity


@dataclass(frozen=True)
class Curve:
    """A curve y² = x³ + ax + b over the field of p, and its base point of the order q."""

    bits: int
    p: int
    a: int
    b: int
    q: int
    base: tuple[int, int]

    def holds(self, point: tuple[int, int]) -> bool:
        """Tell whether a point lies on the curve."""
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - x * x * x - self.a * x - self.b) % self.p == 0

    def add(self, one: Point, other: Point) -> Point:
        """Add two points."""
        if one is None or other is None:
            return one or other
        (x1, y1), (x2, y2) = one, other
        if x1 == x2 and (y1 + y2) % self.p == 0:
            return None
        rise, run = (3 * x1 * x1 + self.a, 2 * y1) if one == other else (y2 - y1, x2 - x1)
        slope = rise * pow(run, -1, self.p) % self.p
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def sum_of(self, times_base: int, times_key: int, key: tuple[int, int]) -> Point:
        """Return times_base · base + times_key · key, both read bit by bit at once."""
        both, found = self.add(self.base, key), None
        for bit in range(max(times_base.bit_length(), times_key.bit_length()) - 1, -1, -1):
            found = self.add(found, found)
            chosen = (times_base >> bit & 1, times_key >> bit & 1)
            if any(chosen):
                found = self.add(found, {(1, 0): self.base, (0, 1): key, (1, 1): both}[chosen])
        return found


@lru_cache(maxsize=16)
def curve(oid: str) -> Curve | None:
    """Return the curve that a key names; None for an unknown one."""
    from gostcrypto.gostsignature import (  # noqa: PLC0415 - needed by GOST signatures only
        CURVES_R_1323565_1_024_2019 as CURVES,
    )

    if oid not in _PARAMETERS:
        return None
    name = _PARAMETERS[oid]
    found: dict[str, int] = CURVES[name]
    p, a, b, q = (found[part] for part in "pabq")
    return Curve(512 if "-512-" in name else 256, p, a, b, q, (found["x"], found["y"]))


def digest(bits: int, data: bytes) -> bytes:
    """Return the Streebog hash of 256 or 512 bits; some 200 KiB a second, so only of small texts."""
    from gostcrypto import gosthash  # noqa: PLC0415 - needed by GOST signatures only

    return bytes(gosthash.new(f"streebog{bits}", data=bytearray(data)).digest())


def verifies(on: Curve, key: bytes, data: bytes, signature: bytes) -> bool:
    """Tell whether a signature `s‖r` as CMS and X.509 write it fits the data; the key is x‖y, little-endian."""
    size = _SIZES[on.bits]
    if len(key) != 2 * size or len(signature) != 2 * size:
        return False
    point = (int.from_bytes(key[:size], "little"), int.from_bytes(key[size:], "little"))
    s, r = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    if not on.holds(point) or not 0 < r < on.q or not 0 < s < on.q:
        return False
    inverse = pow(int.from_bytes(digest(on.bits, data), "little") % on.q or 1, -1, on.q)
    found = on.sum_of(s * inverse % on.q, -r * inverse % on.q, point)
    return found is not None and found[0] % on.q == r
