"""The offline verifier: every way to touch a journal shows, and what is right is called right."""

import copy
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import evidence
import make
import pytest
from conftest import ROOT, World
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.kit import clock
from chalicelib.seals import ports, schemas
from chalicelib.seals.rules import NOTHING, canonical, endorsement_of, leaf_hash, node_hash, root
from infra import verify_journal

HOUR, YEAR = 3600, 365 * 24 * 3600
Attack = Callable[[Any], None]


class Taken(NamedTuple):
    """What was taken of two workers' journals: long ago, an hour later, and the whole with the bucket; and when."""

    early: evidence.Files
    late: evidence.Files
    dump: evidence.Files
    seals: list[Any]
    keys: Any
    at: float
    forged: Any


@pytest.fixture(scope="module")
def taken(whole_world: World) -> Iterator[Taken]:
    """Let two workers act, take all evidence, and sign a second seal under the last one's number."""
    whole_world.empty()
    worker, other = evidence.doctor(whole_world, 3), evidence.doctor(whole_world, 2)
    whole_world.client.call("read_session", by=worker)
    evidence.drain(whole_world)
    early = evidence.own(whole_world, worker)
    evidence.drain(whole_world)
    clock.advance(2 * HOUR)
    for one in (worker, other):
        make.sign_in(one)
        evidence.act(whole_world, one, 2)
    late, dump = evidence.own(whole_world, worker), evidence.dump()
    seals = list(evidence.published().values())
    body = seals[-1]["body"].replace('"made_at":"2', '"made_at":"3')
    forged = {"body": body, "signature": ports.sign(ports.signing_key(), body), "leaves": seals[-1]["leaves"]}
    yield Taken(early, late, dump, seals, evidence.keys(whole_world), clock.now().timestamp(), forged)
    whole_world.empty()


def verdict(taken: Taken, files: Any, *, at: float | None = None, trusted: Any = None) -> tuple[int, str]:
    """Judge files as they were taken, a dump beside the bucket."""
    locked = taken.seals if "dump" in files else None
    return evidence.judge(files, trusted or taken.keys, at or taken.at, locked)


def settled(files: Any) -> Any:
    """Leave out the records that are too new to be under seal."""
    kept = copy.deepcopy(files)
    sealed = {json.loads(one["leaf"])["record_id"] for one in kept["leaves"]["items"]}
    items = kept["records"]["items"]
    kept["records"]["items"] = [one for one in items if json.loads(one["record"])["record_id"]["S"] in sealed]
    return kept


def edit(items: list[Any], index: int, name: str, **changes: Any) -> None:
    """Change what the text of an item says."""
    items[index][name] = canonical(json.loads(items[index][name]) | changes)


def edit_record(files: Any) -> None:
    """Another outcome."""
    edit(files["records"]["items"], 1, "record", outcome={"S": "done!"})


def edit_record_and_link(files: Any) -> None:
    """Another outcome, and the hash of it in the link."""
    edit_record(files)
    text = files["records"]["items"][1]["record"]
    edit(files["leaves"]["items"], 1, "leaf", record=hashlib.sha256(text.encode()).hexdigest())


def edit_and_hash_anew(files: Any) -> None:
    """The same, and all later links and the end of the chain hashed anew."""
    edit_record_and_link(files)
    links = files["leaves"]["items"]
    for before, after in enumerate(range(1, len(links))):
        edit(links, after, "leaf", previous=leaf_hash(links[before]["leaf"]))
    edit([files["proof"]], 0, "entry", leaf=leaf_hash(links[-1]["leaf"]))
    entry = json.loads(files["proof"]["entry"])
    for one in files["proof"]["bucket"]:
        if one["owner"] == entry["owner"]:
            one["hash"] = leaf_hash(files["proof"]["entry"])


def delete_record(files: Any) -> None:
    """A record is missing from one person's export."""
    del files["records"]["items"][1]


def delete_record_and_link(files: Any) -> None:
    """A record and its link are missing."""
    del files["records"]["items"][1], files["leaves"]["items"][1]


def delete_the_beginning(files: Any) -> None:
    """The first record is missing though its time is not over."""
    del files["records"]["items"][0], files["leaves"]["items"][0]


def truncate(files: Any) -> None:
    """The last sealed record and its link are missing."""
    del files["records"]["items"][len(files["leaves"]["items"]) - 1 :], files["leaves"]["items"][-1]


def truncate_and_end_before(files: Any) -> None:
    """The same, and the proof says that the chain ended earlier."""
    truncate(files)
    last = json.loads(files["leaves"]["items"][-1]["leaf"])
    changes = {"number": last["number"], "leaf": leaf_hash(files["leaves"]["items"][-1]["leaf"])}
    edit([files["proof"]], 0, "entry", **changes)


def insert_record(files: Any) -> None:
    """A record of two hours ago that was never sealed."""
    first = json.loads(files["records"]["items"][0]["record"])
    number = first["record_id"]["S"][:-1] + ("0" if first["record_id"]["S"][-1] != "0" else "1")
    files["records"]["items"].insert(1, {"record": canonical(first | {"record_id": {"S": number}})})


def insert_record_of_tomorrow(files: Any) -> None:
    """A record whose time has not come."""
    first = json.loads(files["records"]["items"][0]["record"])
    tomorrow = int((clock.now().timestamp() + 24 * HOUR) * 1000)
    number = f"rec_{tomorrow:012x}{first['record_id']['S'][16:]}"
    files["records"]["items"].append({"record": canonical(first | {"record_id": {"S": number}})})


def insert_record_without_an_end(files: Any) -> None:
    """A record that the cabinet cannot have written: it never expires."""
    insert_record(files)
    edit_away_the_end(files)


def edit_away_the_end(files: Any) -> None:
    """A record no longer says when it expires."""
    said = json.loads(files["records"]["items"][1]["record"])
    del said["expires"]
    files["records"]["items"][1]["record"] = canonical(said)


def insert_link(files: Any) -> None:
    """A record and a link after the end that is under seal, with an old time."""
    insert_record(files)
    links, text = files["leaves"]["items"], files["records"]["items"][1]["record"]
    said = json.loads(links[-1]["leaf"])
    said |= {"number": said["number"] + 1, "previous": leaf_hash(links[-1]["leaf"])}
    said |= {"previous_kept_until": said["kept_until"], "record_id": json.loads(text)["record_id"]["S"]}
    said |= {"record": hashlib.sha256(text.encode()).hexdigest()}
    links.append({"leaf": canonical(said)})


def double_record(files: Any) -> None:
    """One record twice, each time with another text."""
    first = json.loads(files["records"]["items"][0]["record"])
    files["records"]["items"].append({"record": canonical(first | {"outcome": {"S": "done!"}})})


def reorder(files: Any) -> None:
    """Two links have changed their places."""
    links = files["leaves"]["items"]
    edit(links, 1, "leaf", number=3)
    edit(links, 2, "leaf", number=2)


def shorten_a_link(files: Any) -> None:
    """A link pretends to have expired."""
    edit(files["leaves"]["items"], 1, "leaf", expires=1, kept_until=1)


PERSONAL: dict[Attack, str] = {
    edit_record: "изменена",
    edit_away_the_end: "изменена",
    edit_record_and_link: "звено № 3",
    edit_and_hash_anew: "Доказательство",
    delete_record: "нет, хотя срок её хранения не вышел",
    delete_record_and_link: "вместо звена № 2 стоит № 3",
    delete_the_beginning: "нет звена № 1",
    truncate: "конец обрезан",
    truncate_and_end_before: "Доказательство",
    insert_record: "не опечатана",
    insert_record_without_an_end: "не опечатана",
    insert_record_of_tomorrow: "не опечатана",
    insert_link: "приписана после последней печати",
    double_record: "есть дважды",
    reorder: "не продолжает прежнее",
    shorten_a_link: "неверный срок хранения",
}


@pytest.mark.parametrize("attack", PERSONAL, ids=lambda attack: attack.__name__)
def test_whatever_is_done_to_ones_own_journal_shows(taken: Taken, attack: Attack) -> None:
    """Edits, gaps, cut ends, insertions and changed orders in the evidence of one person."""
    files = copy.deepcopy(taken.late)
    assert verdict(taken, files) == (0, "")
    attack(files)
    code, said = verdict(taken, files)
    assert code == 1
    assert PERSONAL[attack] in said


def test_records_newer_than_the_seal_are_right_and_old_ones_are_not(taken: Taken) -> None:
    """Reading the evidence makes records itself; an hour later they should have been sealed."""
    files = taken.late
    assert len(files["records"]["items"]) > len(files["leaves"]["items"])
    assert verdict(taken, files) == (0, "")
    code, said = verdict(taken, files, at=taken.at + 2 * HOUR)
    assert code == 1
    assert "не опечатана" in said


def test_an_expired_beginning_is_right(taken: Taken) -> None:
    """When their time is over, the first records and links may be gone; a day before they may not."""
    files = settled(taken.late)
    over = json.loads(files["leaves"]["items"][1]["leaf"])["kept_until"]
    del files["records"]["items"][:2], files["leaves"]["items"][:2]
    assert verdict(taken, files, at=over + 1) == (0, "")
    assert verdict(taken, files, at=over - 24 * HOUR)[0] == 1


def test_a_record_with_a_shorter_time_may_go_before_its_link(taken: Taken) -> None:
    """A record of a session is kept for a year, the chain holds on to its link."""
    files = settled(taken.late)
    items = files["records"]["items"]
    (short,) = [one for one in items if json.loads(one["record"])["kind"]["S"] == "session.read"]
    items.remove(short)
    assert verdict(taken, files, at=taken.at + YEAR + HOUR) == (0, "")
    assert verdict(taken, files, at=taken.at + YEAR - 3 * HOUR)[0] == 1


def test_a_journal_that_has_expired_as_a_whole_cannot_be_judged(taken: Taken) -> None:
    """Nothing is left but the end under seal, and its time is over: nothing is wrong, and nothing can be told."""
    files = settled(taken.late)
    files["records"]["items"], files["leaves"]["items"] = [], []
    over = json.loads(files["proof"]["entry"])["kept_until"]
    code, said = verdict(taken, files, at=over + 1)
    assert code == 2
    assert "нет ни одной записи" in said
    assert verdict(taken, files, at=over - 1)[0] == 1


def test_an_old_seal_shows_beside_a_newer_one(taken: Taken) -> None:
    """The journal of two hours ago is whole by itself, and old for whoever knows a later seal."""
    assert verdict(taken, settled(taken.early)) == (0, "")
    middle = next(one for one in reversed(taken.seals) if json.loads(one["body"])["made_at"] < late_moment(taken))
    known = {"known": {name: middle[name] for name in ("body", "signature")}}
    code, said = verdict(taken, settled(taken.early) | known)
    assert code == 1
    assert "старая печать" in said


def late_moment(taken: Taken) -> str:
    """Return the moment an hour before the late evidence."""
    return clock.moment(taken.at - HOUR)


def test_a_strange_key_is_not_believed(taken: Taken) -> None:
    """Neither a list of other keys nor a seal signed anew with another key."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert verdict(taken, taken.late, trusted={"items": [{"pem": pem}]})[0] == 1
    files = copy.deepcopy(taken.late)
    head = files["proof"]["head"]
    head["signature"] = private.sign(head["body"].encode(), ec.ECDSA(SHA256())).hex()
    assert verdict(taken, files)[0] == 1


def test_two_owners_of_one_name_in_a_bucket_show(taken: Taken) -> None:
    """A bucket is a map: an older end of the same chain cannot hide beside the true one."""
    files = copy.deepcopy(taken.late)
    files["proof"]["bucket"] = files["proof"]["bucket"] * 2
    assert verdict(taken, files)[0] == 1


def test_a_page_that_was_saved_twice_is_right(taken: Taken) -> None:
    """Pages may overlap when records came meanwhile."""
    assert verdict(taken, taken.late | {"again": taken.late["records"], "more": taken.late["leaves"]}) == (0, "")


def test_nothing_to_judge_is_not_whole(taken: Taken) -> None:
    """Records and links without proof, no files at all, and something else say nothing."""
    assert verdict(taken, {"leaves": taken.late["leaves"], "records": taken.late["records"]})[0] == 2
    assert verdict(taken, {})[0] == 2
    assert verdict(taken, {"x": {"y": 1}})[0] == 2
    files = copy.deepcopy(taken.late)
    files["leaves"]["items"] += [
        one for one in taken.dump["dump"] if "leaf" in one and one not in files["leaves"]["items"]
    ]
    assert verdict(taken, files)[0] == 1


# --- the whole journal -------------------------------------------------------------------------------


def seals_of(lines: list[Any]) -> list[Any]:
    """Return the seals of a dump, in their order."""
    return sorted((one for one in lines if "body" in one), key=lambda one: int(json.loads(one["body"])["number"]))


def of_one_owner(lines: list[Any]) -> list[Any]:
    """Return the links of one owner, in their order."""
    links = [one for one in lines if "leaf" in one]
    owner = json.loads(links[0]["leaf"])["owner"]
    chain = [one for one in links if json.loads(one["leaf"])["owner"] == owner]
    return sorted(chain, key=lambda one: int(json.loads(one["leaf"])["number"]))


def record_of(lines: list[Any], link: Any) -> Any:
    """Return the record of a link."""
    wanted = json.loads(link["leaf"])["record_id"]
    return next(one for one in lines if "record" in one and json.loads(one["record"])["record_id"]["S"] == wanted)


def drop_a_seal(lines: list[Any]) -> None:
    """A seal in the middle is missing."""
    lines.remove(seals_of(lines)[1])


def drop_the_first_seal(lines: list[Any]) -> None:
    """The chain begins later."""
    lines.remove(seals_of(lines)[0])


def drop_the_last_seals(lines: list[Any]) -> None:
    """Only the first seal is left: the records after it are two hours old."""
    for one in seals_of(lines)[1:]:
        lines.remove(one)


def edit_a_seal(lines: list[Any]) -> None:
    """A seal says another time."""
    one = seals_of(lines)[1]
    one["body"] = one["body"].replace('"made_at":"2', '"made_at":"1')


def edit_leaves_of_a_seal(lines: list[Any]) -> None:
    """A seal lists another leaf."""
    seals_of(lines)[0]["leaves"][0] = NOTHING


def swap_seals(lines: list[Any]) -> None:
    """Two seals have changed their signatures."""
    one, two = seals_of(lines)[:2]
    one["signature"], two["signature"] = two["signature"], one["signature"]


def drop_an_owner(lines: list[Any]) -> None:
    """Everything of one person is gone."""
    for one in of_one_owner(lines):
        lines.remove(record_of(lines, one))
        lines.remove(one)
        owner = json.loads(one["leaf"])["owner"]
    lines[:] = [one for one in lines if not ("entry" in one and json.loads(one["entry"])["owner"] == owner)]


def drop_the_end_of_an_owner(lines: list[Any]) -> None:
    """The last record, its link and the end that names it are gone."""
    last = of_one_owner(lines)[-1]
    lines.remove(record_of(lines, last))
    lines.remove(last)
    owner = json.loads(last["leaf"])["owner"]
    lines[:] = [one for one in lines if not ("entry" in one and json.loads(one["entry"])["owner"] == owner)]


def drop_a_record(lines: list[Any]) -> None:
    """A record is gone, its link stays."""
    lines.remove(record_of(lines, of_one_owner(lines)[1]))


def move_a_record(lines: list[Any]) -> None:
    """A record of one person becomes another's."""
    one = record_of(lines, of_one_owner(lines)[1])
    one["record"] = one["record"].replace('"person_id":{"S":"psn_0', '"person_id":{"S":"psn_1')


WHOLE: dict[Callable[[list[Any]], None], str] = {
    drop_a_seal: "Печати № 2 нет",
    drop_the_first_seal: "Печати № 1 нет",
    drop_the_last_seals: "приписана после последней печати",
    edit_a_seal: "Печать № 2: подпись неверна",
    edit_leaves_of_a_seal: "Печать № 1: список её звеньев изменён",
    swap_seals: "Печать № 1: подпись неверна",
    drop_an_owner: "концы цепочек не те",
    drop_the_end_of_an_owner: "концы цепочек не те",
    drop_a_record: "нет, хотя срок её хранения не вышел",
    move_a_record: "изменена",
}


@pytest.mark.parametrize("attack", WHOLE, ids=lambda attack: attack.__name__)
def test_whatever_is_done_to_the_whole_journal_shows(taken: Taken, attack: Callable[[list[Any]], None]) -> None:
    """Seals, links, records and whole people of the operator's dump."""
    files = copy.deepcopy(taken.dump)
    assert verdict(taken, files) == (0, "")
    attack(files["dump"])
    code, said = verdict(taken, files)
    assert code == 1
    assert WHOLE[attack] in said


def test_the_bucket_shows_a_dump_that_was_made_up(taken: Taken) -> None:
    """Two signed seals of one number are a fork; the seals of the bucket beside the dump are right."""
    code, said = evidence.judge(taken.dump, taken.keys, taken.at, [*taken.seals[:-1], taken.forged])
    assert code == 1
    assert "раздвоена" in said


def test_one_s_own_evidence_may_lie_beside_all_seals(taken: Taken) -> None:
    """The bucket's folder proves nothing against a fresh head, and everything against an old one."""
    assert verdict(taken, taken.late | {"seals": taken.seals}) == (0, "")
    assert verdict(taken, settled(taken.early) | {"seals": taken.seals})[0] == 1


# --- seals that the key itself has signed ------------------------------------------------------------


class Signer:
    """Signs the seals of a dump anew with keys of its own, one after another, so that a forger's seals can be judged."""

    def __init__(self, taken: Taken) -> None:
        self.files = copy.deepcopy(taken.dump)
        self.files["dump"] = [one for one in self.files["dump"] if "pem" not in one]
        self.seals = seals_of(self.files["dump"])
        self.at = taken.at
        self.keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]

    def sign(self, changes: dict[int, Any] | None = None, signers: dict[int, int] | None = None) -> "Signer":
        """Sign all seals; `changes` are made to what a seal says, `signers` are keys other than the first."""
        previous = NOTHING
        for one in self.seals:
            said = json.loads(one["body"])
            key = self.keys[(signers or {}).get(said["number"], 0)]
            said |= {"previous": previous, "key_id": name_of(key)} | (changes or {}).get(said["number"], {})
            said |= {"records": len(one["leaves"]), "records_root": root(one["leaves"])}
            one["body"] = canonical(said)
            one["signature"] = key.sign(one["body"].encode(), ec.ECDSA(SHA256())).hex()
            previous = hashlib.sha256(one["body"].encode()).hexdigest()
        return self

    def endorse(self, old: int, new: int, number: int) -> Any:
        """Sign with one key that another signs from a seal on; returns the line of the new key."""
        valid_from = json.loads(self.seals[number - 1]["body"])["made_at"]
        text = endorsement_of(name_of(self.keys[new]), name_of(self.keys[old]), number, valid_from)
        signature = self.keys[old].sign(text.encode(), ec.ECDSA(SHA256())).hex()
        shown = {"key_id": name_of(self.keys[new]), "pem": pem_of(self.keys[new])}
        return shown | {"endorsement": text, "endorsement_signature": signature}

    def judge(self, *more: Any, locked: Any = None, trusted: Any = None) -> tuple[int, str]:
        """Judge the dump with the first key as the trusted one."""
        files = {"dump": [*self.files["dump"], *more]}
        trust = trusted or {"items": [{"pem": pem_of(self.keys[0])}]}
        return evidence.hear(files, trust, self.at, self.seals if locked is None else locked)


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    """Write the public half of a key."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def name_of(key: ec.EllipticCurvePrivateKey) -> str:
    """Name a key as seals do."""
    return hashlib.sha256(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def test_what_is_signed_anew_is_whole(taken: Taken) -> None:
    """The forger's tool itself is right: only what the tests below change is wrong."""
    assert Signer(taken).sign().judge()[0] == 0


SIGNED: dict[str, tuple[dict[int, Any], str]] = {
    "a seal before the one before it": (
        {2: {"made_at": "2020-01-01T00:00:00Z", "oldest": "2020-01-01T00:00:00Z"}},
        "раньше печати",
    ),
    "a seal of tomorrow": ({99: {"made_at": "2099-01-01T00:00:00Z"}}, "ещё не пришло"),
    "a record after its seal": ({1: {"oldest": "2099-01-01T00:00:00Z"}}, "новее её самой"),
}


@pytest.mark.parametrize("attack", SIGNED)
def test_seals_have_an_order_in_time(taken: Taken, attack: str) -> None:
    """Whoever owns the key too cannot date seals as he likes."""
    changes, sentence = SIGNED[attack]
    signer = Signer(taken)
    last = len(signer.seals)
    code, said = signer.sign({min(number, last): one for number, one in changes.items()}).judge()
    assert code == 1
    assert sentence in said


def test_a_link_that_is_sealed_twice_shows(taken: Taken) -> None:
    """A second seal over the same link counts it twice."""
    signer = Signer(taken)
    signer.seals[1]["leaves"].append(signer.seals[0]["leaves"][0])
    code, said = signer.sign().judge()
    assert code == 1
    assert "опечатано дважды" in said


def test_a_sealed_hash_that_leads_nowhere_shows(taken: Taken) -> None:
    """The sum of what was sealed is the sum of what the chains count."""
    signer = Signer(taken)
    signer.seals[1]["leaves"].append("ab" * 32)
    code, said = signer.sign().judge()
    assert code == 1
    assert "цепочку обрезали и продолжили" in said


def test_records_that_were_sealed_late_are_listed(taken: Taken) -> None:
    """No fault by itself: an outage does the same. A person asks why."""
    signer = Signer(taken)
    last = json.loads(signer.seals[-1]["body"])["number"]
    signer.at = taken.at + 3 * HOUR
    _, said = signer.sign({last: {"made_at": clock.moment(taken.at + 2 * HOUR)}}).judge()
    sealed = {
        leaf_hash(one["leaf"]): json.loads(one["leaf"])["record_id"] for one in signer.files["dump"] if "leaf" in one
    }
    late = [sealed[one] for one in signer.seals[-1]["leaves"]]
    assert "Опечатаны позже чем через час" in said
    assert all(f"{one} (печать № {last})" in said for one in late)
    assert said.count("(печать №") == len(late)


# --- keys of seals -----------------------------------------------------------------------------------


def test_a_key_that_a_trusted_one_endorsed_is_believed(taken: Taken) -> None:
    """Through a chain of keys, in any order; without the endorsement it is a strange key."""
    signer = Signer(taken)
    last = len(signer.seals)
    signer.sign(signers={number: min(number - 1, 2) for number in range(1, last + 1)})
    lines = [signer.endorse(1, 2, 3), signer.endorse(0, 1, 2)]
    assert signer.judge(*lines)[0] == 0
    assert signer.judge({"items": lines})[0] == 0
    for some in ([], lines[:1], lines[1:], [lines[0] | {"endorsement": None}, lines[1]]):
        code, said = signer.judge(*some)
        assert code == 1
        assert "неизвестным ключом" in said


def test_an_endorsement_by_nobody_is_none(taken: Taken) -> None:
    """A key that signs for itself, or an endorsement of another key, brings no trust."""
    signer = Signer(taken)
    last = len(signer.seals)
    signer.sign(signers={last: 1})
    own, other = signer.endorse(1, 1, last), signer.endorse(0, 2, last)
    claimed = own | {"endorsement": own["endorsement"].replace(name_of(signer.keys[1]), name_of(signer.keys[0]), 1)}
    for one in (own, claimed, other | {"pem": own["pem"], "key_id": own["key_id"]}):
        code, said = signer.judge(one)
        assert code == 1
        assert "неизвестным ключом" in said


def test_a_key_signs_within_its_term_only(taken: Taken) -> None:
    """The former key signs no more once the next has begun, and the next not before that; also where both are trusted."""
    signer = Signer(taken)
    last = len(signer.seals)
    trusted = {"items": [{"pem": pem_of(one)} for one in signer.keys[:2]]}
    for signers in ({2: 1}, dict.fromkeys(range(1, last + 1), 1)):
        signer.sign(signers=signers)
        code, said = signer.judge(signer.endorse(0, 1, 2), trusted=trusted)
        assert code == 1
        assert "вне срока ключа" in said


def test_a_trusted_key_has_the_times_that_were_saved_with_it(taken: Taken) -> None:
    """An answer of `list_seal_keys` says from when to when; a PEM says nothing."""
    signer = Signer(taken).sign()
    pem, times = pem_of(signer.keys[0]), [json.loads(one["body"])["made_at"] for one in signer.seals]
    for since, until, expected in (
        (times[0], None, 0),
        (None, times[-1], 0),
        (times[-1], None, 1),
        (None, times[0], 1),
    ):
        code, said = signer.judge(trusted={"items": [{"pem": pem, "valid_from": since, "valid_to": until}]})
        assert (code, "вне срока ключа" in said) == (expected, bool(expected))


def test_a_key_with_two_heirs_shows(taken: Taken) -> None:
    """Whoever has stolen the former key could name another next one: then nobody knows which chain is the true one."""
    signer = Signer(taken)
    last = len(signer.seals)
    signer.sign(signers={last: 1})
    code, said = signer.judge(signer.endorse(0, 1, last), signer.endorse(0, 2, last))
    assert code == 1
    assert "поручился за два ключа" in said


# --- the bucket --------------------------------------------------------------------------------------


def test_a_dump_alone_is_not_called_whole(taken: Taken) -> None:
    """Without the bucket the code is that of what cannot be told, even when its seals lie among the files."""
    for files in (taken.dump, taken.dump | {"seals": taken.seals}):
        code, said = evidence.judge(files, taken.keys, taken.at)
        assert code == 2
        assert "не сверено с хранилищем" in said


def test_the_bucket_must_hold_every_seal(taken: Taken) -> None:
    """An empty listing, or one that ends early, is a fault and not a smaller bucket."""
    for locked in ([], taken.seals[:-1], taken.seals[1:]):
        code, said = evidence.judge(taken.dump, taken.keys, taken.at, locked)
        assert code == 1
        assert "нет в хранилище" in said


def test_seals_of_the_bucket_do_not_stand_for_those_of_the_dump(taken: Taken) -> None:
    """A dump that ends hours before the bucket does is an old one or a cut one."""
    early = [one for one in taken.seals if json.loads(one["body"])["made_at"] < late_moment(taken)]
    lines = [one for one in taken.dump["dump"] if "body" not in one]
    code, said = evidence.judge({"dump": [*lines, early[0]]}, taken.keys, taken.at, taken.seals)
    assert code == 1
    assert f"Выгрузка кончается печатью № 1, а в хранилище давно лежит № {len(early)}" in said


def test_a_cut_and_continued_chain_shows_even_when_it_was_signed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables attacked under a sealer that does not look: the dump counts fewer records than the seals hold.

    One person's new evidence alone is whole, and his older proof beside it tells.
    """
    worker, other = evidence.doctor(world, 4), evidence.doctor(world, 1)
    early = evidence.own(world, worker)["proof"]
    evidence.cut_an_end(worker, 2)
    evidence.forget_stream(world)
    monkeypatch.setattr(schemas.Tree, "fault", lambda _: "")
    clock.advance(2 * HOUR)
    for one in (worker, other):
        make.sign_in(one)
        evidence.act(world, one)
    code, said = evidence.judge_now(world, evidence.dump())
    assert code == 1
    assert "цепочку обрезали и продолжили" in said
    late = evidence.own(world, worker)
    assert evidence.judge_now(world, late) == (0, "")
    code, said = evidence.judge_now(world, late | {"early": early})
    assert code == 1
    assert "звено № 4 не то, что под печатью" in said


# --- whose journal, and which proof ------------------------------------------------------------------


def test_an_older_proof_beside_the_new_evidence_is_right(taken: Taken) -> None:
    """Whoever keeps his proofs, as the help says, is not told that his journal is broken."""
    files = taken.late | {"early": taken.early["proof"], "earlier": taken.early["proof"]}
    assert verdict(taken, files) == (0, "")


def test_an_older_proof_of_another_link_shows(taken: Taken) -> None:
    """The link of that number must be the one that was under seal then."""
    early = copy.deepcopy(taken.early["proof"])
    edit([early], 0, "entry", leaf="ab" * 32)
    code, said = verdict(taken, taken.late | {"early": early})
    assert code == 1
    assert "не то, что под печатью" in said


def test_the_verifier_says_whose_journal_it_is(taken: Taken) -> None:
    """Somebody else's evidence is whole, but not one's own: pseudonym and person stand in the answer."""
    entry, record = json.loads(taken.late["proof"]["entry"]), json.loads(taken.late["records"]["items"][0]["record"])
    code, said = evidence.hear(taken.late, taken.keys, taken.at)
    assert code == 0
    assert f"псевдоним {entry['owner']}, человек {record['person_id']['S']}" in said
    assert evidence.judge(taken.late, taken.keys, taken.at, None, "--owner", entry["owner"]) == (0, "")
    code, said = evidence.judge(taken.late, taken.keys, taken.at, None, "--owner", "0" * 32)
    assert code == 1
    assert "журнал другого владельца" in said


def test_two_people_in_one_chain_show() -> None:
    """A pseudonym belongs to one person."""
    found = verify_journal.Evidence(0)
    for number, person in enumerate(("psn_1", "psn_2")):
        said = {"record_id": {"S": f"rec_{number}"}, "person_id": {"S": person}, "expires": {"N": "9"}}
        found.take({"record": canonical(said)})
        link = {"record_id": f"rec_{number}", "owner": "ab", "expires": 9}
        found.take({"leaf": canonical(link | {"record": hashlib.sha256(canonical(said).encode()).hexdigest()})})
    verify_journal.check_records(found)
    assert found.faults == ["Запись rec_1 принадлежит другому человеку, чем остальные в этой цепочке."]


def test_proofs_of_two_people_are_judged_apart(world: World) -> None:
    """Neither is called whole for both."""
    one, other = (evidence.own(world, evidence.doctor(world, 2)) for _ in range(2))
    merged = {f"{name}{number}": tree for number, files in enumerate((one, other)) for name, tree in files.items()}
    code, said = evidence.judge_now(world, merged)
    assert code == 2
    assert "проверяйте каждого отдельно" in said


def test_no_record_at_all_is_not_whole(taken: Taken) -> None:
    """A proof and links whose records have all expired say nothing about records."""
    files = settled(taken.late)
    files["records"]["items"] = []
    code, said = verdict(taken, files, at=taken.at + 4 * YEAR)
    assert code == 2
    assert "нет ни одной записи" in said


def test_a_strange_file_is_named_and_keys_among_the_evidence_are_no_fault(taken: Taken) -> None:
    """The folder of the evidence holds what its owner has put there."""
    assert verdict(taken, taken.late | {"keys": taken.keys}) == (0, "")
    for tree in ({"x": 1}, 5, None, {"items": 3}):
        code, said = verdict(taken, taken.late | {"receipt": tree})
        assert code == 2
        assert "receipt.jsonl" in said


# --- any change at all -------------------------------------------------------------------------------


def texts_of(tree: Any) -> list[tuple[Any, Any]]:
    """Return the places of all texts that evidence consists of."""
    if isinstance(tree, dict):
        places: list[tuple[Any, Any]] = [(tree, name) for name, value in tree.items() if isinstance(value, str)]
        return places + [one for value in tree.values() for one in texts_of(value)]
    if isinstance(tree, list):
        places = [(tree, index) for index, value in enumerate(tree) if isinstance(value, str)]
        return places + [one for value in tree for one in texts_of(value)]
    return []


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_single_changed_letter_is_noticed(taken: Taken, data: st.DataObject) -> None:
    """Of a record, link, end, hash, signed text, signature: nothing can be another and still be called whole."""
    is_own = data.draw(st.booleans())
    files = settled(taken.late) if is_own else copy.deepcopy(taken.dump)
    if not is_own:
        sealed = {json.loads(one["leaf"])["record_id"] for one in files["dump"] if "leaf" in one}
        files["dump"] = [  # keys of a dump are not believed for themselves
            one
            for one in files["dump"]
            if "pem" not in one and ("record" not in one or json.loads(one["record"])["record_id"]["S"] in sealed)
        ]
    place, name = data.draw(st.sampled_from(texts_of(files)))
    text = place[name]
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda one: one != text[at]))
    place[name] = text[:at] + other + text[at + 1 :]
    assert verdict(taken, files)[0] != 0


@given(st.lists(st.binary(max_size=8).map(bytes.hex), min_size=1, max_size=70))
def test_the_roots_of_product_and_verifier_agree_and_name_every_leaf(leaves: list[str]) -> None:
    """Both compute one root; another leaf, order or number of leaves gives another root."""
    hashes = [leaf_hash(one) for one in leaves]
    made = root(hashes)
    assert made == verify_journal.root(hashes)
    assert made != root([*hashes, leaf_hash("more")])
    assert made != root([leaf_hash("other!"), *hashes[1:]])
    if hashes[0] != hashes[-1]:
        assert made != root([hashes[-1], *hashes[1:-1], hashes[0]])


def test_the_root_is_that_of_certificate_transparency() -> None:
    """The published vectors of RFC 6962's own implementation."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    hashes = [leaf_hash(bytes.fromhex(one).decode()) for one in inputs]
    assert root(hashes[:1]) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root(hashes[:2]) == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert root(hashes[:3]) == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert root(hashes) == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert node_hash(hashes[:2]) == root(hashes[:2])


def test_the_file_alone_is_the_whole_program(taken: Taken, tmp_path: Path) -> None:
    """Copied somewhere else it runs without the cabinet, says «цел» or «нарушен», and ends with 0, 1 or 2."""
    program = tmp_path / "verify.py"
    program.write_text((ROOT / "infra/verify_journal.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps(taken.keys), encoding="utf-8")
    (tmp_path / "evidence").mkdir()
    for name, tree in taken.late.items():
        (tmp_path / "evidence" / f"{name}.json").write_text(json.dumps(tree), encoding="utf-8")
    command = [sys.executable, "-I", str(program), "--keys", "keys.json", "--at", clock.moment(taken.at), "evidence"]

    def run(*more: str) -> tuple[int, str]:
        done = subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    code, said = run()
    assert (code, said[:11]) == (0, "Журнал цел:")
    assert run("no-such-file.json")[0] == 2
    (tmp_path / "evidence" / "leaves.json").write_text('{"items": []}', encoding="utf-8")
    code, said = run()
    assert (code, said.splitlines()[0]) == (1, "Журнал нарушен.")
