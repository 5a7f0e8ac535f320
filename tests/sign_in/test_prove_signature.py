"""The signature proves who comes: by a text of this cabinet, in time, once, with a trusted certificate and a СНИЛС."""

from collections.abc import Callable
from typing import Any

import doors
import make
import papers_of_signature as papers
import pytest
from conftest import World

from chalicelib.kit import clock, text, ticket
from chalicelib.kit.records.tables import Once
from chalicelib.kit.trail.tables import SecurityRecord
from chalicelib.sign_in import prove_signature
from chalicelib.sign_in.schemas import give

NAME = "prove_signature"


def asked(world: World) -> dict[str, Any]:
    """Get a text to be signed."""
    answer = world.client.call("start_signature_sign_in")
    assert answer.status == 201, answer.raw
    return dict(answer.json)


def signed(world: World, person: papers.Signer, *options: str, **more: Any) -> dict[str, Any]:
    """Sign a fresh text and write the body."""
    one = asked(world)
    made = person.sign(one["challenge"], *options, **more)
    return {"ticket": one["ticket"], "signature": papers.base64_of(made)}


def example(world: World) -> make.Example:
    """Return a valid request."""
    papers.trust(papers.usual_ca())
    return make.Example(body=signed(world, papers.usual_ca().certificate(make.person(signed_in=False).snils)))


@pytest.fixture(autouse=True)
def trusted() -> None:
    """Have the usual authority trusted."""
    papers.trust(papers.usual_ca())


def test_wrong_fields_are_named(world: World) -> None:
    """Other letters than base64 has, nothing, too much: all at once."""
    for value in ("", "подпись", "AAAA\x00", "A" * 92_001, None, 7):
        answer = world.client.call(NAME, {"ticket": "", "signature": value})
        assert (answer.status, answer.code) == (422, "wrong-fields")
        assert {one["pointer"] for one in answer.json["errors"]} == {"/ticket", "/signature"}


def test_another_ticket_or_a_damaged_one_is_refused(world: World) -> None:
    """Tickets of other steps, forged and old ones open nothing."""
    body = signed(world, papers.usual_ca().certificate())
    other = [
        doors.ask_login(world, "somebody"),
        give("proved", "", nonce="0", at=0),
        ticket.seal("signature", 900, nonce="0", at=0),
    ]
    for one in (*other, body["ticket"][:-4] + "AAAA", "AAAA"):
        answer = world.client.call(NAME, body | {"ticket": one})
        assert (answer.status, answer.code) == (409, "sign-in-expired")


def test_a_text_lives_fifteen_minutes(world: World) -> None:
    """At the fifteenth minute it works, a second later no more."""
    person = papers.usual_ca().certificate()
    early, late = signed(world, person), signed(world, person)
    clock.advance(895)
    assert world.client.call(NAME, early).status == 200
    clock.advance(10)
    assert world.client.call(NAME, late).code == "sign-in-expired"


def test_the_text_of_another_ticket_is_refused(world: World) -> None:
    """A signature fits its own ticket only."""
    person = papers.usual_ca().certificate()
    body = signed(world, person)
    answer = world.client.call(NAME, body | {"ticket": asked(world)["ticket"]})
    assert (answer.status, answer.code) == (422, "signature-wrong")
    assert world.client.call(NAME, body).status == 200


def test_another_text_is_refused(world: World) -> None:
    """A changed text, a document, a text of another cabinet."""
    person = papers.usual_ca().certificate()
    for change in (lambda one: one + "\n", lambda one: one.replace("http", "https"), lambda _: "Рецепт", str.upper):
        one = asked(world)
        made = papers.base64_of(person.sign(change(one["challenge"])))
        assert world.client.call(NAME, {"ticket": one["ticket"], "signature": made}).code == "signature-wrong"


def test_the_address_in_the_text_is_this_cabinets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was signed for one address does not open another."""
    body = signed(world, papers.usual_ca().certificate())
    monkeypatch.setenv("CABINET_PUBLIC_URL", "https://other.example.org")
    assert world.client.call(NAME, body).code == "signature-wrong"


UNPROVEN: dict[str, tuple[Callable[[papers.Ca], papers.Signer], list[str]]] = {
    "signature-not-detached": (lambda ca: ca.certificate(), ["-nodetach"]),
    "signer-certificate-missing": (lambda ca: ca.certificate(), ["-nocerts"]),
    "signature-unreadable": (lambda ca: ca.certificate(), ["-noattr"]),
    "signature-algorithm-refused": (lambda ca: ca.certificate(algorithm="rsa-1024"), []),
    "certificate-expired": (lambda ca: ca.certificate(days=(-3, -1)), []),
    "certificate-not-yet-valid": (lambda ca: ca.certificate(days=(1, 3)), []),
    "certificate-not-trusted": (lambda ca: papers.make_ca("rsa#2", ca.name).certificate(), []),
    "certificate-not-for-signing": (lambda ca: ca.certificate(usage="keyEncipherment"), []),
    "certificate-not-personal": (lambda ca: ca.certificate("11223344596"), []),
}


@pytest.mark.parametrize("code", UNPROVEN)
def test_what_proves_nobody_is_refused_and_nobody_is_looked_up(
    world: World, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own sentence; no person is asked for, and the text is not used up."""
    person, options = UNPROVEN[code]
    body = signed(world, person(papers.usual_ca()), *options)
    monkeypatch.setattr(prove_signature, "identity_proved", None)
    answer = world.client.call(NAME, body)
    assert (answer.status, answer.code) == (403 if code.startswith("certificate") else 422, code)
    assert not list(Once.scan())


@pytest.mark.parametrize(("hashed", "status"), [("sha1", 422), ("md5", 422), ("sha512", 200)])
def test_only_strong_hashes_count(world: World, hashed: str, status: int) -> None:
    """SHA-1 and MD5 prove nothing."""
    assert world.client.call(NAME, signed(world, papers.usual_ca().certificate(), md=hashed)).status == status


def test_garbage_and_crowds_are_refused(world: World) -> None:
    """No signature at all, a certificate instead of one, two signers, too many bytes."""
    ca = papers.usual_ca()
    one = asked(world)
    two = ca.certificate().sign(one["challenge"], also=ca.certificate(algorithm="rsa#2"))
    wrong = {b"\x00": "signature-unreadable", ca.der: "signature-unreadable", two: "signers-not-one"}
    wrong[bytes(64 * 1024 + 1)] = "signature-too-large"
    for made, code in wrong.items():
        answer = world.client.call(NAME, {"ticket": one["ticket"], "signature": papers.base64_of(made)})
        assert (answer.status, answer.code) == (422, code)


def test_a_cabinet_that_trusts_nobody_lets_nobody_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As released: no authority, no door."""
    body = signed(world, papers.usual_ca().certificate())
    monkeypatch.delenv("CABINET_TRUST_FILE")
    assert world.client.call(NAME, body).code == "certificate-not-trusted"


def test_a_signature_serves_once(world: World) -> None:
    """A second use is refused, also with a second signature of the same text."""
    person = papers.usual_ca().certificate()
    one = asked(world)
    for expected in (200, 409):
        made = papers.base64_of(person.sign(one["challenge"]))
        answer = world.client.call(NAME, {"ticket": one["ticket"], "signature": made})
        assert answer.status == expected
    assert answer.code == "signature-already-used"


def test_of_fifty_at_once_one_succeeds(world: World) -> None:
    """Parallel uses of one signature are one use."""
    body = signed(world, papers.usual_ca().certificate())
    answers = doors.together(50, lambda: world.client.call(NAME, body))
    assert sorted(one.status for one in answers) == [200] + [409] * 49


def test_a_lost_answer_is_repeated(world: World) -> None:
    """The same key gets the same answer, though the text is used."""
    body, key = signed(world, papers.usual_ca().certificate()), make.key()
    first = world.client.call(NAME, body, idempotency=key)
    assert first.status == 200
    assert world.client.call(NAME, body, idempotency=key).json == first.json


@pytest.mark.parametrize("algorithm", papers.ALGORITHMS)
def test_every_algorithm_opens_the_door(world: World, algorithm: str) -> None:
    """From the text to the proof, for somebody who has no cabinet yet."""
    answer = world.client.call(NAME, signed(world, papers.usual_ca().certificate(algorithm=algorithm), "-cades"))
    assert (answer.status, answer.json["next"]) == (200, "start_proved_registration")


@pytest.mark.parametrize("algorithm", ["gost-256-A", "gost-256-TCA", "gost-512-A"])
def test_an_authority_of_gost_is_trusted(world: World, algorithm: str) -> None:
    """Person and authority both sign by GOST, as they do in life; the session opens and works."""
    ca = papers.usual_ca(algorithm)
    papers.trust(papers.usual_ca(), ca)
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, signed(world, ca.certificate(person.snils, algorithm)))
    assert (answer.status, answer.json["next"]) == (200, "finish_sign_in")
    person.token = world.client.call("finish_sign_in", {"ticket": answer.json["ticket"]}).json["token"]
    session = world.client.call("read_session", by=person)
    assert (session.status, session.json["door"]) == (200, "signature")


def test_the_proof_is_of_the_certificates_person(world: World) -> None:
    """The next ticket holds door, СНИЛС and names; a strong door needs no further factor."""
    person = make.person(signed_in=False)
    answer = world.client.call(NAME, signed(world, papers.usual_ca().certificate(person.snils)))
    assert (answer.json["next"], answer.json["factor_needed"]) == ("finish_sign_in", False)
    values = ticket.unseal("sign_in/proved", answer.json["ticket"])
    assert values is not None
    assert values["person"] == person.person_id
    said = {"door": "signature", "snils": person.snils, "strong": True, "phone": None, "email": None}
    names = {"last_name": "Иванова", "first_name": "Анна", "middle_name": "Петровна", "birth_date": None}
    assert values["proof"] == said | names | {"factor_at": None}


def test_the_longest_names_fit_into_the_ticket(world: World) -> None:
    """The next step can take what this one gives."""
    subject = f"/SN={'Ы' * 60}/GN={'Щ' * 30} {'Ж' * 30}/SNILS={make.person().snils}"
    answer = world.client.call(NAME, signed(world, papers.usual_ca().certificate(subject=subject)))
    assert answer.status == 200
    assert text.Token.parse(answer.json["ticket"])


def test_pem_is_taken_as_well(world: World) -> None:
    """Programs that write lines with a frame are welcome."""
    one = asked(world)
    made = papers.usual_ca().certificate().sign(one["challenge"], "-outform", "PEM").decode()
    assert world.client.call(NAME, {"ticket": one["ticket"], "signature": made}).status == 200


def test_those_with_and_without_a_cabinet_cost_the_same(world: World) -> None:
    """The same calls to the cloud in the same order."""
    seen = []
    for snils in (make.person().snils, make.person().snils, None):
        body = signed(world, papers.usual_ca().certificate(snils))
        world.trips.start()
        assert world.client.call(NAME, body).status == 200
        seen.append(list(world.trips.calls))
    assert seen[1] == seen[2]


def test_the_journal_and_the_tables_name_nobody(world: World) -> None:
    """Success and refusal are recorded; no СНИЛС and no name stands in the clear."""
    person = papers.usual_ca().certificate()
    body = signed(world, person)
    world.client.call(NAME, body)
    world.client.call(NAME, body)
    assert doors.unknown_callers(NAME) == ["done", "signature-already-used"]
    stored = str([one.serialize() for model in (SecurityRecord, Once) for one in model.scan()])
    assert person.snils not in stored
    assert "Иванова" not in stored
