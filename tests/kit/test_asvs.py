"""What OWASP ASVS asks and no operation's own test shows: the rules that hold for all of them at once."""

import ast
import secrets
from pathlib import Path
from typing import Any

import doors
import esia_door
import make
import msgspec
import pytest
from conftest import ROOT, World

from chalicelib.accounts.tables import Account
from chalicelib.kit import catalogue, clock, codes, outside, ticket
from chalicelib.kit.catalogue import Put
from chalicelib.kit.records.tables import Session
from chalicelib.kit.session import COOKIE

JITTER_ONLY = {
    "functions/chalicelib/kit/tables.py",
    "functions/chalicelib/seals/schemas.py",
}  # how long a retry waits is no secret
WEAK = {"random", "numpy"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name.split(".")[0] for one in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_secrets_come_from_the_systems_generator() -> None:
    """No file of the product imports a predictable generator, but for the waiting between retries."""
    files = list((ROOT / "functions").rglob("*.py"))
    weak = {str(one.relative_to(ROOT)) for one in files if _imports(one) & WEAK}
    assert len(files) > 100
    assert weak == JITTER_ONLY


def test_a_code_is_one_of_a_million(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every six digits can come, those that begin with noughts too, and the system's generator chooses."""
    bounds = []

    def lowest(bound: int) -> int:
        bounds.append(bound)
        return 0

    monkeypatch.setattr(secrets, "randbelow", lowest)
    assert codes.issue("sign_in/psn_x/nonce")[0] == "000000"
    monkeypatch.setattr(secrets, "randbelow", lambda bound: bound - 1)
    assert codes.issue("sign_in/psn_x/nonce")[0] == "999999"
    assert bounds == [1_000_000]


def _signed_in(world: World, person: make.Person, **more: Any) -> make.Answer:
    passed = doors.ask_password(world, person.login)
    body = {"ticket": passed, "kind": "sms", "code": doors.ask_code(world, passed, person)}
    return world.client.call("finish_sign_in", body | more)


def test_each_sign_in_gets_a_token_of_its_own_with_256_random_bits(world: World) -> None:
    """Handle, number and secret of a session: 128, 128 and 256 bits; number and secret are new each time."""
    person = make.person(signed_in=False)
    tokens = [str(_signed_in(world, person).json["token"]).split(".") for _ in range(2)]
    for handle, session_id, secret in tokens:
        assert (len(handle), len(session_id), len(secret)) == (32, len("ses_") + 32, 64)
        assert int(secret, 16) >= 0
    (_, *first), (_, *second) = tokens
    assert not set(first) & set(second)


@pytest.mark.parametrize("keep", ["token", "cookie"])
def test_a_new_sign_in_takes_the_place_of_the_session_it_brings(world: World, keep: str) -> None:
    """The session of before is gone from table and list, in a program and in a browser; those elsewhere go on."""
    person, elsewhere = make.person(signed_in=False), make.person()
    other = make.sign_in(person)
    brings: dict[str, str] = {}
    for _ in range(2):
        clock.advance(30)
        body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
        answer = world.client.call("finish_sign_in", body | {"keep": keep}, headers=brings)
        assert answer.status == 201
        token = answer.json["token"] or answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        brings = {"Authorization": f"Bearer {token}"} if keep == "token" else {"Cookie": f"{COOKIE}={token}"}
    alive = {one.session_id for one in Session.scan() if one.person_id == person.person_id}
    assert alive == {token.split(".")[1], other.split(".")[1]} == set(Account.get(person.person_id).sessions)
    assert world.client.call("read_session", by=elsewhere).status == 200


@pytest.mark.parametrize("brought", ["x.y.z", "another's", "ended"])
def test_what_is_no_session_of_the_person_ends_nothing(world: World, brought: str) -> None:
    """A damaged token, another person's and one that ended stop no sign-in and end nobody's session."""
    person, other = make.person(), make.person()
    token = other.token if brought == "another's" else brought
    if brought == "ended":
        token = person.token
        assert world.client.call("sign_out", by=person).status == 204
    body = {"ticket": doors.ask_password(world, person.login), "kind": "totp", "code": make.totp_code(person)}
    answer = world.client.call("finish_sign_in", body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 201
    assert world.client.call("read_session", by=other).status == 200


def test_a_session_is_opened_only_by_an_explicit_act(world: World) -> None:
    """Whatever opens one is a POST with JSON, which no foreign page can send without leave that is never given."""
    openers = {name: one for name, one in catalogue.operations.items() if Put(Session) in one.writes}
    assert set(openers) == {"finish_sign_in", "switch_role"}
    assert {one.method for one in openers.values()} == {"POST"}
    person = make.person(signed_in=False)
    passed = doors.ask_password(world, person.login)
    body = {"ticket": passed, "kind": "sms", "code": doors.ask_code(world, passed, person), "keep": "cookie"}
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = world.client.call(
            "finish_sign_in", msgspec.json.encode(body), headers=foreign | {"Content-Type": kind}
        )
        assert (answer.status, answer.code) == (415, "unsupported-media-type")
        assert not {name.lower() for name in answer.headers} & {"access-control-allow-origin", "set-cookie"}
    assert list(Session.query(Account.get(person.person_id).handle)) == []
    asked = make.event("OPTIONS", openers["finish_sign_in"].path, headers=foreign)
    leave = world.client.send(asked)
    assert leave.status >= 400
    assert "access-control-allow-origin" not in {name.lower() for name in leave.headers}


def test_no_body_takes_a_field_that_it_does_not_name(world: World) -> None:
    """Nobody gives himself a role, an assurance or another's account by a field more."""
    bodies = {name: one.body for name, one in catalogue.operations.items() if one.body is not None}
    loose = [name for name, body in bodies.items() if not body.__struct_config__.forbid_unknown_fields]
    assert len(bodies) > 20
    assert loose == []


def test_no_question_or_hint_stands_in_for_a_password(world: World) -> None:
    """No body and no account has a place for a secret question, its answer or a hint."""
    names = {
        field.name
        for one in catalogue.operations.values()
        if one.body is not None
        for field in msgspec.structs.fields(one.body)
    }
    names |= set(Account.get_attributes())
    assert {"password", "login"} <= names
    assert [
        one for one in sorted(names) if any(word in one for word in ("question", "hint", "maiden", "reminder"))
    ] == []


def test_what_guards_the_doors_changes_only_after_a_fresh_factor(world: World) -> None:
    """Password and factors: the factor is at most ten minutes old, or the change itself asks for codes."""
    changing = {
        name
        for name, one in catalogue.operations.items()
        if one.changes and not one.public and one.path.startswith(("/v1/factors", "/v1/recovery/password"))
    }
    stale = {name for name in changing if not catalogue.operations[name].fresh}
    partly = {name for name in changing - stale if not catalogue.operations[name].full}
    assert partly == {"change_password"}  # it asks for the present password beside the fresh factor
    assert catalogue.operations["start_contact_change"].full
    assert {"change_password", "confirm_totp", "confirm_passkey", "remove_factor"} <= changing
    assert stale == {"rename_factor"}  # a name guards nothing


def test_the_providers_tokens_stay_with_the_cabinet(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ЕСИА gives for the code is neither answered nor kept: it is read and forgotten."""
    given: list[str] = []
    real = outside.System.form

    def overheard(self: outside.System, *asked: Any, **more: Any) -> Any:
        status, said = real(self, *asked, **more)
        given.extend(str(said[name]) for name in ("access_token", "id_token", "refresh_token") if said.get(name))
        return status, said

    monkeypatch.setattr(outside.System, "form", overheard)
    answer = world.client.call("prove_esia_identity", esia_door.proof(world))
    assert answer.status == 200
    assert len(given) >= 2
    from chalicelib.kit.tables import Table

    kept = [str(item.serialize()) for table in Table.__subclasses__() if table.exists() for item in table.scan()]
    proved = str(ticket.unseal("sign_in/proved", answer.json["ticket"]))
    assert "esia" in proved
    for token in given:
        assert token not in answer.raw.decode()
        assert token not in proved
        assert token not in str(answer.headers)
        assert not any(token in one for one in kept)


def test_a_password_is_never_cut() -> None:
    """Nothing is cut: two passwords of 128 characters that differ in the last one are not the same."""
    from chalicelib.kit import passwords
    from chalicelib.kit.text import Password

    longest = "Ж" * 127
    stored = passwords.digest(Password.parse(longest + "a"))
    assert passwords.fits(Password.parse(longest + "a"), stored)
    assert not passwords.fits(Password.parse(longest + "b"), stored)
    assert not passwords.fits(Password.parse(longest), stored)
    with pytest.raises(ValueError, match="128"):
        Password.parse(longest + "ab")


def test_accounts_are_made_by_registration_only() -> None:
    """No file of the product brings an account of its own: a new deployment has nobody to be guessed."""
    makers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "functions").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Account"
        and any(one.arg == "login" for one in node.keywords)
    }
    assert makers == {"functions/chalicelib/registration/schemas.py"}
