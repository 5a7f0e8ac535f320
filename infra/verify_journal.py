"""Is the journal whole? This file works alone and offline: it needs Python and `cryptography`, nothing of the cabinet.

    python -m infra.verify_journal --keys keys.json evidence/         # what one person has saved of his journal
    python -m infra.verify_journal --keys keys.pem dump.jsonl seals/  # the whole journal and the locked bucket

Files hold JSON, one value or one a line: answers of the cabinet as they came, lines of `infra.dump_journal`, seals of
the bucket. `--keys` names the trusted keys: PEM, or the answer of `list_seal_keys` saved earlier. `--at` is the moment
at which the files were taken, if not now. Exit code: 0 whole, 1 broken, 2 cannot tell. What is hashed and what is proven:
docs/engineering/journal-seals.md.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

NOTHING: Final = "0" * 64
FANOUT: Final = 64
WINDOW_SECONDS: Final = 3600  # seals come within a minute; an hour covers an outage of the sealing worker
_HEX: Final = re.compile(r"[0-9a-f]*")
Keys = Mapping[str, ec.EllipticCurvePublicKey]
Said = dict[str, Any]


class Evidence:
    """Everything that the files hold, each text with its hash under `hash`, and the faults found in it."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.records: dict[str, None] = {}  # in their order; a page that was saved twice is no fault
        self.links: dict[str, Said] = {}
        self.ends: dict[str, Said] = {}
        self.proofs: list[Said] = []
        self.seals: list[Said] = []
        self.faults: list[str] = []

    def take(self, tree: Any) -> None:
        """Take one JSON value; an error when it is no evidence."""
        if "items" in tree:
            for one in tree["items"]:
                self.take(one)
        elif "record" in tree:
            self.records[tree["record"]] = None
        elif "leaf" in tree:
            self.links[tree["leaf"]] = json.loads(tree["leaf"]) | {"hash": leaf_hash(tree["leaf"])}
        elif "top" in tree:
            self.proofs.append(tree)
            self.take(tree["head"])
        elif "entry" in tree:
            said = json.loads(tree["entry"])
            self.ends[said["owner"]] = said
        else:
            beside = {"body": tree["body"], "signature": tree["signature"], "leaves": tree.get("leaves")}
            beside["hash"] = digest(tree["body"].encode())
            self.seals.append(json.loads(tree["body"]) | beside)  # the signed text says the rest

    def fault(self, sentence: str) -> None:
        """Note what is wrong and where."""
        if sentence not in self.faults:
            self.faults.append(sentence)

    def is_young(self, record_id: str) -> bool:
        """Tell whether a record is so new that its seal may still be missing."""
        is_number = re.fullmatch(r"rec_[0-9a-f]{32}", record_id) is not None
        return is_number and abs(self.at - int(record_id[4:16], 16) / 1000) < WINDOW_SECONDS


def digest(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def leaf_hash(text: str) -> str:
    """Hash a text: SHA-256(0x00 ‖ text)."""
    return digest(b"\x00" + text.encode())


def node_hash(parts: Iterable[str]) -> str:
    """Join hashes: SHA-256(0x01 ‖ hashes); anything but small hex digits gives a hash that nobody signed."""
    joined = "".join(parts)
    return digest(b"\x01" + bytes.fromhex(joined)) if _HEX.fullmatch(joined) else ""


def root(hashes: Sequence[str]) -> str:
    """Return the Merkle root of RFC 6962."""
    if len(hashes) <= 1:
        return "".join(hashes)
    left = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash((root(hashes[:left]), root(hashes[left:])))


def check_seals(found: Evidence, keys: Keys) -> dict[int, Said]:
    """Check signatures, roots and links; returns one seal a number, with its leaves where they are known."""
    known: dict[int, Said] = {}
    for one in found.seals:
        number, leaves = one["number"], one["leaves"]
        if not is_signed(one, keys):
            found.fault(f"Печать № {number}: подпись неверна или сделана неизвестным ключом {one['key_id'][:16]}.")
        if leaves is not None and (root(leaves), len(leaves)) != (one["records_root"], one["records"]):
            found.fault(f"Печать № {number}: список её звеньев изменён.")
        if known.setdefault(number, one)["hash"] != one["hash"]:
            found.fault(f"Печать № {number}: есть две разные печати с этим номером, цепочка раздвоена.")
        elif leaves is not None:
            known[number] = one
    for number, one in known.items():
        before = known[number - 1]["hash"] if number - 1 in known else one["previous"]
        if one["previous"] != before or (one["previous"] == NOTHING) != (number == 1):
            found.fault(f"Печать № {number}: не продолжает печать № {number - 1}.")
    return known


def is_signed(one: Said, keys: Keys) -> bool:
    """Tell whether a trusted key, the one that the seal names, has signed it."""
    try:
        if _HEX.fullmatch(one["signature"]):
            signature = bytes.fromhex(one["signature"])
            keys[one["key_id"]].verify(signature, one["body"].encode(), ec.ECDSA(SHA256()))
            return True
    except (InvalidSignature, LookupError, ValueError):
        pass
    return False


def check_chains(found: Evidence) -> dict[str, list[Said]]:
    """Check that each owner's links follow one another, and that only what has expired is missing before the first."""
    chains: dict[str, list[Said]] = defaultdict(list)
    for one in sorted(found.links.values(), key=lambda one: int(one["number"])):
        chains[one["owner"]].append(one)
        if one["kept_until"] != max(one["expires"], one["previous_kept_until"]):
            found.fault(f"Звено записи {one['record_id']}: неверный срок хранения.")
    for owner, chain in chains.items():
        first = chain[0]
        if first["number"] > 1 and first["previous_kept_until"] >= found.at:
            found.fault(f"Владелец {owner}: нет звена № {first['number'] - 1}, его срок хранения ещё не вышел.")
        if first["number"] == 1 and (first["previous"], first["previous_kept_until"]) != (NOTHING, 0):
            found.fault(f"Владелец {owner}: первое звено ссылается на более раннее.")
        for before, after in pairwise(chain):
            number = before["number"] + 1
            if after["number"] != number:
                found.fault(f"Владелец {owner}: вместо звена № {number} стоит № {after['number']}.")
            elif (after["previous"], after["previous_kept_until"]) != (before["hash"], before["kept_until"]):
                found.fault(f"Владелец {owner}: звено № {number} (запись {after['record_id']}) не продолжает прежнее.")
    return chains


def check_records(found: Evidence) -> None:
    """Check each record against its link, and that no record is missing before its time."""
    links = {one["record_id"]: one for one in found.links.values()}
    owners: dict[str, str] = {}
    present = set()
    for text in found.records:
        said = json.loads(text)
        record_id, link = said["record_id"]["S"], links.get(said["record_id"]["S"])
        if record_id in present:
            found.fault(f"Запись {record_id} есть дважды.")
        present.add(record_id)
        if link is None:
            if not found.is_young(record_id):
                found.fault(f"Запись {record_id} не опечатана, хотя её время давно прошло или ещё не пришло.")
        elif digest(text.encode()) != link["record"] or int(said["expires"]["N"]) != link["expires"]:
            found.fault(f"Запись {record_id} изменена.")
        elif owners.setdefault(said["person_id"]["S"], link["owner"]) != link["owner"]:
            found.fault(f"Запись {record_id} опечатана в чужой цепочке.")
    for record_id in [one for one, link in links.items() if one not in present and link["expires"] >= found.at]:
        found.fault(f"Записи {record_id} нет, хотя срок её хранения не вышел.")


def check_end(found: Evidence, end: Said, chain: Sequence[Said]) -> None:
    """Check that an owner's chain reaches the end that is under seal; what comes after may only be new."""
    owner, number = end["owner"], end["number"]
    for one in chain:
        if one["number"] == number and (one["hash"], one["kept_until"]) != (end["leaf"], end["kept_until"]):
            found.fault(f"Владелец {owner}: звено № {number} не то, что под печатью.")
        if one["number"] > number and not found.is_young(one["record_id"]):
            found.fault(f"Запись {one['record_id']} приписана после последней печати.")
    if chain[-1]["number"] < number if chain else end["kept_until"] >= found.at:
        last = chain[-1]["number"] if chain else 0
        found.fault(f"Владелец {owner}: конец обрезан: под печатью {number} записей, а предъявлено до № {last}.")


def check_proof(found: Evidence, proof: Said, chains: Mapping[str, list[Said]]) -> str:
    """Check the way from the end of one chain up to the signed head; returns the owner."""
    end, head = json.loads(proof["entry"]), json.loads(proof["head"]["body"])
    owner, place = end["owner"], int(end["owner"][:3], 16)
    shown = [(one["owner"], one["hash"]) for one in proof["bucket"]]
    middle, top = proof["middle"], proof["top"]
    is_proven = shown == sorted(dict(shown).items()) and (owner, leaf_hash(proof["entry"])) in shown
    is_proven &= len(middle) == len(top) == FANOUT and middle[place % FANOUT] == node_hash(map("".join, shown))
    if not (is_proven and top[place // FANOUT] == node_hash(middle) and node_hash(top) == head["owners_root"]):
        found.fault(f"Доказательство владельца {owner} не сходится с печатью № {head['number']}.")
    for one in found.seals:
        if one["number"] > head["number"] and seconds(one["made_at"]) < found.at - WINDOW_SECONDS:
            found.fault(f"Предъявлена старая печать № {head['number']}: уже была № {one['number']}.")
    check_end(found, end, chains.get(owner, []))
    return str(owner)


def check_whole(found: Evidence, seals: Mapping[int, Said], chains: Mapping[str, list[Said]]) -> None:
    """Check that seals, links and the ends of all chains are the same set."""
    last = max(seals)
    for number in range(1, last + 1):
        if number not in seals or seals[number]["leaves"] is None:
            found.fault(f"Печати № {number} нет.")
    place = {one: number for number in sorted(seals) for one in seals[number]["leaves"] or ()}
    ends = dict(found.ends)
    for owner, chain in chains.items():
        places = [place.get(one["hash"], last + 1) for one in chain]
        if places != sorted(places):
            found.fault(f"Владелец {owner}: звенья опечатаны не в своём порядке.")
        number, leaf, kept_until = chain[0]["number"] - 1, chain[0]["previous"], chain[0]["previous_kept_until"]
        for one in chain:
            if one["hash"] in place:
                number, leaf, kept_until = one["number"], one["hash"], one["kept_until"]
        ends[owner] = {"owner": owner, "number": number, "leaf": leaf, "kept_until": kept_until}
    for end in [*found.ends.values(), *ends.values()]:
        check_end(found, end, chains.get(end["owner"], []))
    if owners_root(ends.values()) != seals[last]["owners_root"]:
        found.fault(f"Печать № {last}: концы цепочек не те, что под ней.")


def owners_root(ends: Iterable[Said]) -> str:
    """Compute the tree of owners anew."""
    buckets: dict[int, list[str]] = defaultdict(list)
    for end in sorted(ends, key=lambda end: str(end["owner"])):
        if end["number"]:
            text = json.dumps(end, sort_keys=True, separators=(",", ":"))
            buckets[int(end["owner"][:3], 16)].append(end["owner"] + leaf_hash(text))
    hashes = [node_hash(buckets.get(number, ())) for number in range(FANOUT**2)]
    return node_hash(node_hash(hashes[start : start + FANOUT]) for start in range(0, FANOUT**2, FANOUT))


def seconds(moment: str) -> float:
    """Read a moment as seconds since 1970; without a zone it is UTC."""
    read = datetime.fromisoformat(moment)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def load_keys(paths: Iterable[Path]) -> Keys:
    """Read trusted keys, by the SHA-256 of their DER form."""
    keys = {}
    for text in [path.read_text(encoding="utf-8") for path in paths]:
        pems = "".join(one["pem"] for one in json.loads(text)["items"]) if text.lstrip().startswith("{") else text
        for pem in pems.split("-----END PUBLIC KEY-----")[:-1]:
            key = load_pem_public_key(f"{pem.strip()}\n-----END PUBLIC KEY-----\n".encode())
            der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            if isinstance(key, ec.EllipticCurvePublicKey):
                keys[digest(der)] = key
    return keys


def load(paths: Iterable[Path], at: float) -> Evidence:
    """Read all files, of folders too."""
    found = Evidence(at)
    for path in [one for given in paths for one in (sorted(given.rglob("*.json*")) if given.is_dir() else [given])]:
        text = path.read_text(encoding="utf-8")
        try:
            found.take(json.loads(text))
        except json.JSONDecodeError:
            for line in filter(str.strip, text.split("\n")):
                found.take(json.loads(line))
    return found


def judge(found: Evidence, keys: Keys) -> list[str]:
    """Return everything that is wrong. Raises LookupError when the files cannot show anything."""
    seals, chains = check_seals(found, keys), check_chains(found)
    is_whole = any(one["leaves"] is not None for one in seals.values()) and not found.proofs
    if not (is_whole or found.proofs):
        raise LookupError("нет ни доказательства, ни печатей со звеньями")
    proved = {check_proof(found, one, chains) for one in found.proofs}
    if is_whole:
        check_whole(found, seals, chains)
    elif chains.keys() - proved:
        found.fault("Есть звенья владельцев, чьего доказательства нет.")
    check_records(found)
    return found.faults


def main(arguments: list[str] | None = None) -> int:
    """Read, judge, tell."""
    parser = argparse.ArgumentParser(prog="python -m infra.verify_journal", description="Проверить, цел ли журнал.")
    parser.add_argument("files", nargs="+", type=Path, help="файлы и папки: записи, звенья, доказательство, печати")
    parser.add_argument("--keys", action="append", type=Path, required=True, help="доверенные открытые ключи")
    parser.add_argument("--at", default=datetime.now(UTC).isoformat(), help="когда взяты файлы, если не сейчас")
    given = parser.parse_args(arguments)
    try:
        found = load(given.files, seconds(given.at))
        faults = judge(found, load_keys(given.keys))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        print(f"Проверить нельзя: {type(error).__name__}: {error}")
        return 2
    if faults:
        print("Журнал нарушен.", *faults, sep="\n")
        return 1
    last = max(found.seals, key=lambda one: int(one["number"]))
    counted = f"записей {len(found.records)}, звеньев {len(found.links)}, печатей {len(found.seals)}"
    print(f"Журнал цел: {counted}; последняя печать № {last['number']} от {last['made_at']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
