"""The sandbox of ЕСИА checks what the real one checks, and gives what the real one gives."""

import base64
import hashlib
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from esia_door import OPENER, open_page, returned

from infra.sandboxes.esia import CLIENT_ID, ERRORS, GRANTED, MODES, EsiaSandbox
from infra.sandboxes.esia_keys import GostKey, base64url, streebog

BACK = "http://localhost:8080/esia/return.html"
REGISTER: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "infra/sandboxes/frmr_people.json").read_text(encoding="utf-8")
)


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    """Give a clock."""
    return Time()


@pytest.fixture
def esia(time: Time) -> Iterator[EsiaSandbox]:
    """Give a running sandbox."""
    made = EsiaSandbox(time, [BACK])
    made.start()
    yield made
    made.stop()


def asked(esia: EsiaSandbox, time: Time, **changed: str) -> dict[str, str]:
    """Write a right request, signed by the client's key after the changes; `None` leaves a parameter out."""
    moment = datetime.fromtimestamp(time(), UTC).strftime("%Y.%m.%d %H:%M:%S %z")
    said = {
        "client_id": CLIENT_ID,
        "scope": " ".join(GRANTED),
        "timestamp": moment,
        "state": str(uuid4()),
        "redirect_uri": BACK,
    } | {name: value for name, value in changed.items() if name not in {"key", "hash"}}
    order = ("client_id", "scope", "scope_org", "timestamp", "state", "redirect_uri", "code")
    text = "".join(said.get(name, "") for name in order).encode()
    said["client_secret"] = base64url(esia.client.sign(text))
    said["client_certificate_hash"] = streebog(esia.certificate).hex().upper()
    return said


def to_page(esia: EsiaSandbox, said: dict[str, str]) -> tuple[int, str, str]:
    """Open the page of a request."""
    whole = {"response_type": "code", "access_type": "online"} | said
    return open_page(f"{esia.url}/aas/oauth2/v2/ac?{urlencode(whole)}")


def error_of(location: str) -> str:
    """Return ЕСИА's number in an address of return."""
    return str(re.findall(r"ESIA-\d{6}", returned(location)["error_description"])[0])


def code_of(
    esia: EsiaSandbox, time: Time, person: str = "doctor", second: str = "123456", **more: str
) -> dict[str, str]:
    """Sign in on the page; returns what comes back."""
    _, page, _ = to_page(esia, asked(esia, time) | more)
    ticket = re.findall(r'name="ticket" value="([^"]+)"', page)[0]
    form = {"ticket": ticket, "person": person, "act": "enter", "second": second}
    _, _, location = open_page(f"{esia.url}/aas/oauth2/login", form)
    return returned(location)


def exchange(esia: EsiaSandbox, time: Time, code: str, **changed: str) -> tuple[int, dict[str, Any]]:
    """Exchange a code for tokens."""
    form = asked(esia, time, code=code, **changed)
    form |= {"grant_type": "authorization_code", "token_type": "Bearer"} | changed
    status, text, _ = open_page(f"{esia.url}/aas/oauth2/v3/te", form)
    return status, json.loads(text)


def data(esia: EsiaSandbox, path: str, token: str) -> tuple[int, dict[str, Any]]:
    """Ask for data with a token."""
    request = urllib.request.Request(f"{esia.url}{path}", headers={"Authorization": f"Bearer {token}"})
    try:
        with OPENER.open(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.loads(refusal.read())


def claims(token: str) -> dict[str, Any]:
    """Read a token without judging it."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_its_people_are_the_register_s(esia: EsiaSandbox) -> None:
    """Who works in medicine is called as the register calls him; oid and СНИЛС are nobody else's."""
    people = esia.people()
    known = {one["snils"]: one for one in REGISTER}
    assert len({one["oid"] for one in people}) == len({one["snils"] for one in people}) == len(people) >= 12
    for one in people:
        if one["snils"] in known:
            there = known[one["snils"]]
            names = ("last_name", "first_name", "middle_name", "birth_date")
            assert [one[name] for name in names] == [there[name] for name in names]
    assert {one["key"] for one in people if one["snils"] not in known} == {"outsider", "patient", "nameless"}


def test_a_right_request_shows_the_page(esia: EsiaSandbox, time: Time) -> None:
    """In Russian, with every person, both buttons, and nothing that runs."""
    status, page, _ = to_page(esia, asked(esia, time))
    assert status == 200
    for said in ("Войти", "Отказаться", 'lang="ru"', *(one["last_name"] for one in esia.people())):
        assert said in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "OTHER"}, "ESIA-007005"),
        ({"scope": ""}, "ESIA-007013"),
        ({"scope": "openid everything"}, "ESIA-007006"),
        ({"scope": "openid usr_org"}, "ESIA-007019"),
        ({"timestamp": "2026-11-22T10:00:00Z"}, "ESIA-007015"),
        ({"timestamp": "2020.01.01 00:00:00 +0000"}, "ESIA-007015"),
        ({"state": "not-a-uuid"}, "ESIA-007003"),
    ],
)
def test_wrong_parameters_come_back_as_their_error(
    esia: EsiaSandbox, time: Time, changed: dict[str, str], error: str
) -> None:
    """Well signed, but wrong: ЕСИА's own number, and the state."""
    said = asked(esia, time, **changed)
    _, _, location = to_page(esia, said)
    assert (error_of(location), returned(location)["state"]) == (error, said["state"])


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("client_certificate_hash", None, "ESIA-007014"),
        ("client_certificate_hash", "A" * 64, "ESIA-007053"),
        ("client_certificate_hash", "lower", "ESIA-007053"),
        ("client_certificate_hash", "sha256", "ESIA-007053"),
        ("client_secret", "AAAA", "ESIA-007053"),
        ("client_secret", "!", "ESIA-007053"),
        ("client_secret", None, "ESIA-007003"),
        ("state", "another", "ESIA-007053"),
        ("response_type", "token", "ESIA-007003"),
    ],
)
def test_a_wrong_signature_or_hash_comes_back_as_its_error(
    esia: EsiaSandbox, time: Time, name: str, value: str | None, error: str
) -> None:
    """Missing, foreign, lower-case, of another algorithm, or a parameter changed after signing."""
    said = asked(esia, time)
    made = {
        "lower": said["client_certificate_hash"].lower(),
        "sha256": hashlib.sha256(esia.certificate).hexdigest().upper(),
        "another": str(uuid4()),
    }
    if value is None:
        del said[name]
    else:
        said[name] = made.get(value, value)
    _, _, location = to_page(esia, said)
    assert error_of(location) == error


def test_another_key_s_signature_is_refused(esia: EsiaSandbox, time: Time) -> None:
    """The hash is right, the key is not."""
    said = asked(esia, time)
    order = ("client_id", "scope", "timestamp", "state", "redirect_uri")
    said["client_secret"] = base64url(GostKey().sign("".join(said[name] for name in order).encode()))
    assert error_of(to_page(esia, said)[2]) == "ESIA-007053"


def test_a_doubled_parameter_is_refused(esia: EsiaSandbox, time: Time) -> None:
    """Of two states nobody knows which one counts."""
    query = urlencode(asked(esia, time) | {"response_type": "code"}) + f"&state={uuid4()}"
    assert error_of(open_page(f"{esia.url}/aas/oauth2/v2/ac?{query}")[2]) == "ESIA-007003"


def test_an_unknown_return_address_gets_nobody(esia: EsiaSandbox, time: Time) -> None:
    """There is nowhere to go back to: told on the page, without a redirection."""
    status, page, location = to_page(esia, asked(esia, time, redirect_uri="https://evil.example/"))
    assert (status, location) == (400, "")
    assert "ESIA-007023" in page


def test_a_code_is_a_token_of_four_minutes(esia: EsiaSandbox, time: Time) -> None:
    """It names the client, the state, the person and the second factor."""
    back = code_of(esia, time, "factor")
    found = claims(back["code"])
    assert (found["exp"] - found["iat"], found["acr"], found["client_id"]) == (240, {"2fa": "otp"}, CLIENT_ID)
    assert found["urn:esia:client:state"] == back["state"]
    assert "acr" not in claims(code_of(esia, time)["code"])


def test_a_wrong_second_factor_is_asked_again(esia: EsiaSandbox, time: Time) -> None:
    """Without the code no code comes back."""
    assert code_of(esia, time, "factor", "000000") == {}


def test_tokens_come_once_in_time_and_to_the_same_address(esia: EsiaSandbox, time: Time) -> None:
    """A second exchange, a late one and another address: ESIA-007011."""
    code = code_of(esia, time)["code"]
    status, said = exchange(esia, time, code)
    assert (status, said["expires_in"], said["token_type"]) == (200, 3600, "Bearer")
    late, other = code_of(esia, time)["code"], code_of(esia, time)["code"]
    for spent, changed in ((code, {}), (other, {"redirect_uri": "http://localhost:8080/"}), ("x.y.z", {})):
        status, said = exchange(esia, time, spent, **changed)
        assert (status, said["error_description"][:11]) == (400, "ESIA-007011")
    time.seconds += 241
    assert exchange(esia, time, late)[1]["error_description"].startswith("ESIA-007011")


def test_a_code_asked_for_with_a_challenge_needs_its_verifier(esia: EsiaSandbox, time: Time) -> None:
    """PKCE by S256: no verifier, another one, or one where no challenge was, and the code stays unspent."""
    verifier = "v" * 43
    challenge = {
        "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    bound, free = code_of(esia, time, **challenge)["code"], code_of(esia, time)["code"]
    for code, said, error in (
        (bound, {}, "ESIA-007040"),
        (bound, {"code_verifier": "w" * 43}, "ESIA-007040"),
        (free, {"code_verifier": verifier}, "ESIA-007039"),
    ):
        assert exchange(esia, time, code, **said)[1]["error_description"].startswith(error)
    assert exchange(esia, time, bound, code_verifier=verifier)[0] == 200
    _, _, location = to_page(esia, asked(esia, time) | challenge | {"code_challenge_method": "plain"})
    assert error_of(location) == "ESIA-007003"


def test_an_id_token_is_esia_s(esia: EsiaSandbox, time: Time) -> None:
    """An integer subject, the issuer with http and a slash, the level of the account, no nonce."""
    for person, level in (("doctor", "PR"), ("simplified", "P")):
        said = claims(exchange(esia, time, code_of(esia, time, person)["code"])[1]["id_token"])
        assert isinstance(said["sub"], int)
        assert (said["iss"], said["aud"]) == ("http://esia.gosuslugi.ru/", CLIENT_ID)
        assert said["urn:esia:sbj"]["urn:esia:sbj:lvl"] == level
        assert said["urn:esia:sbj"]["urn:esia:sbj:oid"] == said["sub"]
        assert "nonce" not in said
    assert claims(exchange(esia, time, code_of(esia, time, "signature")["code"])[1]["id_token"])["amr"] == "DS"


def test_data_needs_a_living_token_of_the_same_person(esia: EsiaSandbox, time: Time) -> None:
    """Nobody else's data, nothing without a token, nothing after an hour."""
    tokens = exchange(esia, time, code_of(esia, time)["code"])[1]
    own, token = f"/rs/prns/{claims(tokens['id_token'])['sub']}", tokens["access_token"]
    status, person = data(esia, own, token)
    assert (status, person["snils"], person["birthDate"]) == (200, "995-079-682 93", "14.03.1984")
    assert data(esia, "/rs/prns/1000400002", token)[0] == 403
    assert data(esia, own, "x")[0] == 401
    status, links = data(esia, f"{own}/ctts", token)
    assert links["size"] == len(links["elements"]) == 3
    assert all(one.startswith(f"{esia.url}{own}/ctts/") for one in links["elements"])
    one = data(esia, links["elements"][1].removeprefix(esia.url), token)[1]
    whole = data(esia, f"{own}/ctts?embed=(elements)", token)[1]["elements"]
    assert whole[1] == one == {"id": 14239101, "type": "MBT", "value": "+7(916)5550001", "vrfStu": "VERIFIED"}
    time.seconds += 3601
    assert data(esia, own, token)[0] == 401


def test_leaving_returns_only_to_the_client(esia: EsiaSandbox) -> None:
    """A known client and one of its origins; anything else stays."""
    leave = f"{esia.url}/idp/ext/Logout?"
    assert open_page(leave + urlencode({"client_id": CLIENT_ID, "redirect_url": "http://localhost:8080/"}))[0] == 302
    for wrong in ({"client_id": CLIENT_ID, "redirect_url": "https://evil.example/"}, {"client_id": "OTHER"}):
        assert open_page(leave + urlencode(wrong))[0] == 400


def test_faults_are_known_by_name(esia: EsiaSandbox) -> None:
    """Every mode is taken, another is refused; errors have their Russian text."""
    for mode in MODES:
        esia.fault(mode, 0)
    with pytest.raises(ValueError, match="unknown mode"):
        esia.fault("on fire")
    assert all(re.search("[а-я]", text) for text in [*MODES.values(), *ERRORS.values()])


def test_another_address_is_none(esia: EsiaSandbox) -> None:
    """The retired addresses of the first generation do not answer."""
    for path in ("/aas/oauth2/ac", "/aas/oauth2/te", "/"):
        assert open_page(esia.url + path)[0] == 404
