"""Connecting an app with codes: the secret is shown once, to a proven person with a fresh factor."""

import base64
import re
import zlib
from collections.abc import Callable
from xml.etree import ElementTree as ET

import doors
import make
import pytest
import segno
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock
from chalicelib.kit.records.tables import Idempotency

NAME = "start_totp"


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(by=make.person())


def test_without_a_token_nothing_is_begun(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call(NAME)
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_unproven_person_connects_nothing(world: World) -> None:
    """A claimed account gets no factor of its own."""
    answer = world.client.call(NAME, by=make.person(assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


def test_the_factor_of_the_sign_in_must_be_fresh(world: World) -> None:
    """Ten minutes after the second factor it is asked again."""
    worker = make.person()
    clock.advance(601)
    answer = world.client.call(NAME, by=worker)
    assert (answer.status, answer.code) == (403, "fresh-factor-required")


@pytest.mark.parametrize("made", [make.person, make.hr])
def test_the_secret_is_shown_and_not_in_use_yet(world: World, made: Callable[[], make.Person]) -> None:
    """The answer has secret and address; the app used so far stays until the new one is proven."""
    person = made()
    before = Account.get(person.person_id).totp
    answer = world.client.call(NAME, by=person)
    assert answer.status == 201
    secret = answer.json["secret"]
    assert f"secret={secret}" in answer.json["address"]
    assert answer.json["address"].startswith("otpauth://totp/")
    account = Account.get(person.person_id)
    assert account.totp == before
    assert account.totp_pending is not None
    assert secret not in str(account.serialize())


def test_the_secret_comes_as_a_qr_code_too(world: World) -> None:
    """Both pictures show the modules of one code of the address, drawn again here from the picture's own points."""
    answer = world.client.call(NAME, by=make.person()).json
    wanted = [
        [bool(module) for module in row] for row in segno.make(answer["address"], micro=False).matrix_iter(border=4)
    ]
    assert png_modules(base64.b64decode(answer["qr_png"]), scale=6) == wanted
    assert svg_modules(answer["qr_svg"], len(wanted)) == wanted
    assert "<script" not in answer["qr_svg"]


def svg_modules(svg: str, size: int) -> list[list[bool]]:
    """Draw the one path of an SVG, of horizontal strokes one unit high, into rows of dark modules."""
    (path,) = [one for one in ET.fromstring(svg).iter() if one.tag.endswith("path")]  # noqa: S314 - our own picture
    rows = [[False] * size for _ in range(size)]
    x = y = 0.0
    for stroke, told in re.findall(r"([Mmh])([^Mmh]+)", path.attrib["d"]):
        numbers = [float(one) for one in re.findall(r"-?[0-9.]+", told)]
        if stroke == "h":
            for place in range(int(x), int(x + numbers[0])):
                rows[int(y - 0.5)][place] = True
            x += numbers[0]
        else:
            x, y = numbers if stroke == "M" else (x + numbers[0], y + numbers[1])
    return rows


def png_modules(png: bytes, scale: int) -> list[list[bool]]:
    """Read a one-bit PNG, its rows written plainly or as the difference to the row above, into rows of dark modules."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width = int.from_bytes(png[16:20], "big")
    packed, place = b"", 8
    while place < len(png):
        size = int.from_bytes(png[place : place + 4], "big")
        packed += png[place + 8 : place + 8 + size] if png[place + 4 : place + 8] == b"IDAT" else b""
        place += size + 12
    line = (width + 7) // 8 + 1
    raw = zlib.decompress(packed)
    rows, above = [], bytes(line - 1)
    for start in range(0, len(raw), line):
        assert raw[start] in {0, 2}
        told = raw[start + 1 : start + line]
        above = told if raw[start] == 0 else bytes((x + y) % 256 for x, y in zip(told, above, strict=True))
        rows.append(above)
    rows = rows[scale // 2 :: scale]
    return [[not row[point // 8] >> (7 - point % 8) & 1 for point in range(scale // 2, width, scale)] for row in rows]


def test_each_start_makes_another_secret(world: World) -> None:
    """A second start replaces the first."""
    person = make.person()
    assert len({world.client.call(NAME, by=person).json["secret"] for _ in range(3)}) == 3


def test_a_lost_answer_is_given_again(world: World) -> None:
    """The same key shows the same secret to the same person only, and the table does not hold it in clear."""
    person, other, key = make.person(), make.person(), make.key()
    first, again = (world.client.call(NAME, by=person, idempotency=key) for _ in range(2))
    assert again.raw == first.raw
    assert world.client.call(NAME, by=other, idempotency=key).json["secret"] != first.json["secret"]
    raw = b"".join(str(one.serialize()).encode() + one.answer for one in Idempotency.scan())
    assert first.json["secret"].encode() not in raw
    world.client.call("sign_out", by=person)
    assert world.client.call(NAME, by=person, idempotency=key).code == "session-ended"


def test_the_journal_knows_the_start(world: World) -> None:
    """One record of the start stands in the person's journal."""
    person = make.person()
    world.client.call(NAME, by=person)
    assert doors.journal(person.person_id, NAME) == [("factor.totp_started", "done")]
