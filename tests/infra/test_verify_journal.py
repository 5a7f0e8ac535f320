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
from chalicelib.seals import ports
from chalicelib.seals.rules import NOTHING, canonical, leaf_hash, node_hash, root
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
    """Judge files as they were taken."""
    return evidence.judge(files, trusted=trusted or taken.keys, at=at or taken.at)


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


def test_a_journal_that_has_expired_as_a_whole_is_right(taken: Taken) -> None:
    """Nothing is left but the end under seal, and its time is over."""
    files = settled(taken.late)
    files["records"]["items"], files["leaves"]["items"] = [], []
    over = json.loads(files["proof"]["entry"])["kept_until"]
    assert verdict(taken, files, at=over + 1) == (0, "")
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
    assert verdict(taken, taken.dump | {"seals": taken.seals}) == (0, "")
    code, said = verdict(taken, taken.dump | {"seals": [*taken.seals[:-1], taken.forged]})
    assert code == 1
    assert "раздвоена" in said


def test_one_s_own_evidence_may_lie_beside_all_seals(taken: Taken) -> None:
    """The bucket's folder proves nothing against a fresh head, and everything against an old one."""
    assert verdict(taken, taken.late | {"seals": taken.seals}) == (0, "")
    assert verdict(taken, settled(taken.early) | {"seals": taken.seals})[0] == 1


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
        files["dump"] = [
            one for one in files["dump"] if "record" not in one or json.loads(one["record"])["record_id"]["S"] in sealed
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
