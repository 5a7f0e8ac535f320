"""Is the journal whole? Works offline: needs Python and `cryptography`, nothing of the cabinet and no network.

    python -m infra.verify_journal --keys keys.json evidence/      # what one person has saved of his journal
    python -m infra.verify_journal --keys keys.pem dump.jsonl seals/     # the whole journal and the locked bucket

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
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

NOTHING: Final = "0" * 64
FANOUT: Final = 64
WINDOW_SECONDS: Final = 3600  # seals come within a minute; an hour covers an outage of the sealing worker
_HEX: Final = re.compile(r"[0-9a-f]*")
Keys = Mapping[str, ec.EllipticCurvePublicKey]


class Seal(NamedTuple):
    """A seal or, without leaves, a head."""

    body: str
    signature: str
    leaves: tuple[str, ...] | None
    said: dict[str, Any]


class Leaf(NamedTuple):
    """A link of a chain: the hash of its text, and what the text says."""

    hash: str
    said: dict[str, Any]


class Evidence:
    """Everything that the files hold, and the faults found in it."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.records: list[str] = []
        self.leaves: list[Leaf] = []
        self.entries: dict[str, str] = {}
        self.proofs: list[dict[str, Any]] = []
        self.seals: list[Seal] = []
        self.faults: list[str] = []

    def take(self, tree: Any) -> None:
        """Take one JSON value; KeyError or TypeError when it is no evidence."""
        if "items" in tree:
            for one in tree["items"]:
                self.take(one)
        elif "record" in tree:
            self.records.append(tree["record"])
        elif "leaf" in tree:
            self.leaves.append(Leaf(leaf_hash(tree["leaf"]), json.loads(tree["leaf"])))
        elif "top" in tree:
            self.proofs.append(tree)
            self.take(tree["head"])
        elif "entry" in tree:
            self.entries[json.loads(tree["entry"])["owner"]] = tree["entry"]
        else:
            leaves = tuple(tree["leaves"]) if "leaves" in tree else None
            self.seals.append(Seal(tree["body"], tree["signature"], leaves, json.loads(tree["body"])))

    def fault(self, sentence: str) -> None:
        """Note what is wrong and where."""
        if sentence not in self.faults:
            self.faults.append(sentence)

    def is_young(self, record_id: str) -> bool:
        """Tell whether a record is so new that its seal may still be missing."""
        return -WINDOW_SECONDS < self.at - int(record_id[4:16], 16) / 1000 < WINDOW_SECONDS


def leaf_hash(text: str) -> str:
    """Hash a text: SHA-256(0x00 ‖ text)."""
    return hashlib.sha256(b"\x00" + text.encode()).hexdigest()


def node_hash(parts: Iterable[str]) -> str:
    """Join hashes: SHA-256(0x01 ‖ hashes); what is no hash in small hex digits is hashed as nothing that was signed."""
    joined = "".join(parts)
    return hashlib.sha256(b"\x01" + bytes.fromhex(joined)).hexdigest() if _HEX.fullmatch(joined) else ""


def root(hashes: Sequence[str]) -> str:
    """Return the Merkle root of RFC 6962."""
    if len(hashes) < 2:  # noqa: PLR2004 - a leaf is its own root
        return hashes[0] if hashes else ""
    left = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash((root(hashes[:left]), root(hashes[left:])))


def check_seals(found: Evidence, keys: Keys) -> dict[int, Seal]:
    """Check signatures, roots and links; returns one seal a number, with its leaves where they are known."""
    known: dict[int, Seal] = {}
    for one in found.seals:
        number = one.said["number"]
        if not is_signed(one, keys):
            found.fault(
                f"Печать № {number}: подпись неверна или сделана неизвестным ключом {one.said['key_id'][:16]}…."
            )
        if one.leaves is not None and (root(one.leaves), len(one.leaves)) != (
            one.said["records_root"],
            one.said["records"],
        ):
            found.fault(f"Печать № {number}: список её звеньев изменён.")
        if known.setdefault(number, one).body != one.body:
            found.fault(f"Печать № {number}: есть две разные печати с этим номером, цепочка раздвоена.")
        if one.leaves is not None:
            known[number] = one
    for number, one in known.items():
        before = known.get(number - 1)
        expected = hashlib.sha256(before.body.encode()).hexdigest() if before else one.said["previous"]
        if one.said["previous"] != expected or (one.said["previous"] == NOTHING) != (number == 1):
            found.fault(f"Печать № {number}: не продолжает печать № {number - 1}.")
    return known


def is_signed(one: Seal, keys: Keys) -> bool:
    """Tell whether a trusted key, the one that the seal names, has signed it."""
    key = keys.get(one.said["key_id"])
    if key is None or not _HEX.fullmatch(one.signature):
        return False
    try:
        key.verify(bytes.fromhex(one.signature), one.body.encode(), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def check_chains(found: Evidence) -> dict[str, list[Leaf]]:
    """Check that each owner's links follow one another, and that only what has expired is missing before the first."""
    chains: dict[str, list[Leaf]] = defaultdict(list)
    for one in found.leaves:
        chains[one.said["owner"]].append(one)
    for owner, chain in chains.items():
        chain.sort(key=lambda one: int(one.said["number"]))
        first = chain[0].said
        if first["number"] > 1 and first["previous_kept_until"] >= found.at:
            found.fault(f"Владелец {owner}: нет звена № {first['number'] - 1}, его срок хранения ещё не вышел.")
        if first["number"] == 1 and (first["previous"], first["previous_kept_until"]) != (NOTHING, 0):
            found.fault(f"Владелец {owner}: первое звено ссылается на более раннее.")
        for before, after in zip(chain, chain[1:], strict=False):
            check_link(found, owner, before, after.said)
    for one in found.leaves:
        if one.said["kept_until"] != max(one.said["expires"], one.said["previous_kept_until"]):
            found.fault(f"Звено записи {one.said['record_id']}: неверный срок хранения.")
    return chains


def check_link(found: Evidence, owner: str, before: Leaf, after: dict[str, Any]) -> None:
    """Check two neighbours of a chain."""
    number = before.said["number"] + 1
    if after["number"] != number:
        missing = f"нет звена № {number}" if after["number"] > number else f"звено № {after['number']} есть дважды"
        found.fault(f"Владелец {owner}: {missing}.")
    elif (after["previous"], after["previous_kept_until"]) != (before.hash, before.said["kept_until"]):
        found.fault(f"Владелец {owner}: звено № {number} (запись {after['record_id']}) не продолжает прежнее.")


def check_records(found: Evidence) -> None:
    """Check each record against its link, and that no record is missing before its time."""
    links = {one.said["record_id"]: one.said for one in found.leaves}
    owners: dict[str, str] = {}
    present = set()
    for text in found.records:
        said = json.loads(text)
        record_id, person_id = said["record_id"]["S"], said["person_id"]["S"]
        link = links.get(record_id)
        if record_id in present:
            found.fault(f"Запись {record_id} есть дважды.")
        present.add(record_id)
        if link is None:
            if not found.is_young(record_id):
                found.fault(f"Запись {record_id} не опечатана, хотя сделана давно.")
        elif (
            hashlib.sha256(text.encode()).hexdigest() != link["record"] or int(said["expires"]["N"]) != link["expires"]
        ):
            found.fault(f"Запись {record_id} изменена.")
        elif owners.setdefault(person_id, link["owner"]) != link["owner"]:
            found.fault(f"Запись {record_id} опечатана в чужой цепочке.")
    for record_id in [one for one, link in links.items() if one not in present and link["expires"] > found.at]:
        found.fault(f"Записи {record_id} нет, хотя срок её хранения не вышел.")


def check_end(found: Evidence, entry: dict[str, Any], chain: Sequence[Leaf]) -> None:
    """Check that an owner's chain reaches the end that is under seal; what comes after may only be new."""
    owner, number = entry["owner"], entry["number"]
    at_end = [one for one in chain if one.said["number"] == number]
    if at_end and (at_end[0].hash, at_end[0].said["kept_until"]) != (entry["leaf"], entry["kept_until"]):
        found.fault(f"Владелец {owner}: звено № {number} не то, что под печатью.")
    if not at_end and (chain[-1].said["number"] < number if chain else entry["kept_until"] >= found.at):
        last = chain[-1].said["number"] if chain else 0
        found.fault(f"Владелец {owner}: конец обрезан: под печатью {number} записей, а предъявлено до № {last}.")
    for one in chain:
        if one.said["number"] > number and not found.is_young(one.said["record_id"]):
            found.fault(f"Запись {one.said['record_id']} приписана после последней печати.")


def check_proof(found: Evidence, proof: dict[str, Any], chains: Mapping[str, list[Leaf]]) -> str:
    """Check the way from the end of one chain up to the signed head; returns the owner."""
    entry, head = json.loads(proof["entry"]), json.loads(proof["head"]["body"])
    owner, number = entry["owner"], int(entry["owner"][:3], 16)
    shown = [(one["owner"], one["hash"]) for one in proof["bucket"]]
    is_own = shown == sorted(dict(shown).items()) and (owner, leaf_hash(proof["entry"])) in shown
    middle, top = list(proof["middle"]), list(proof["top"])
    is_own = is_own and len(middle) == len(top) == FANOUT and middle[number % FANOUT] == node_hash(map("".join, shown))
    if not (is_own and top[number // FANOUT] == node_hash(middle) and node_hash(top) == head["owners_root"]):
        found.fault(f"Доказательство владельца {owner} не сходится с печатью № {head['number']}.")
    for one in found.seals:
        if one.said["number"] > head["number"] and seconds(one.said["made_at"]) < found.at - WINDOW_SECONDS:
            found.fault(f"Предъявлена старая печать № {head['number']}: уже была № {one.said['number']}.")
    check_end(found, entry, chains.get(owner, []))
    return str(owner)


def check_whole(found: Evidence, seals: Mapping[int, Seal], chains: Mapping[str, list[Leaf]]) -> None:
    """Check that seals, links and the ends of all chains are the same set."""
    last = max(seals)
    for number in range(1, last + 1):
        if number not in seals or seals[number].leaves is None:
            found.fault(f"Печати № {number} нет.")
    place = {one: number for number, seal in sorted(seals.items()) for one in seal.leaves or ()}
    ends = {owner: text for owner, text in found.entries.items() if owner not in chains}
    for owner, chain in chains.items():
        places = [place.get(one.hash, last + 1) for one in chain]
        if places != sorted(places):
            found.fault(f"Владелец {owner}: звенья опечатаны не в своём порядке.")
        sealed = [one for one, number in zip(chain, places, strict=True) if number <= last]
        check_end(found, end_of(sealed, chain), chain)
        if owner in found.entries:
            check_end(found, json.loads(found.entries[owner]), chain)
        if end_of(sealed, chain)["number"]:
            ends[owner] = json.dumps(end_of(sealed, chain), sort_keys=True, separators=(",", ":"))
    for text in ends.values():
        check_end(found, json.loads(text), chains.get(json.loads(text)["owner"], []))
    if owners_root(ends) != seals[last].said["owners_root"]:
        found.fault(f"Печать № {last}: последние звенья владельцев не те, что под ней.")


def end_of(sealed: Sequence[Leaf], chain: Sequence[Leaf]) -> dict[str, Any]:
    """Say where a chain ended when the newest seal was made."""
    if sealed:
        said = sealed[-1].said
        return {
            "kept_until": said["kept_until"],
            "leaf": sealed[-1].hash,
            "number": said["number"],
            "owner": said["owner"],
        }
    said = chain[0].said
    return {
        "kept_until": said["previous_kept_until"],
        "leaf": said["previous"],
        "number": said["number"] - 1,
        "owner": said["owner"],
    }


def owners_root(ends: Mapping[str, str]) -> str:
    """Compute the tree of owners anew."""
    buckets: dict[int, list[str]] = defaultdict(list)
    for owner in sorted(ends):
        buckets[int(owner[:3], 16)].append(owner + leaf_hash(ends[owner]))
    hashes = [node_hash(buckets.get(number, ())) for number in range(FANOUT**2)]
    return node_hash(node_hash(hashes[start : start + FANOUT]) for start in range(0, FANOUT**2, FANOUT))


def seconds(moment: str) -> float:
    """Read a moment as seconds since 1970; without a zone it is UTC."""
    read = datetime.fromisoformat(moment)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def load_keys(paths: Iterable[Path]) -> Keys:
    """Read trusted keys, by the SHA-256 of their DER form."""
    keys = {}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        pems = [one["pem"] for one in json.loads(text)["items"]] if text.lstrip().startswith("{") else [text]
        for pem in "".join(pems).split("-----END PUBLIC KEY-----")[:-1]:
            key = load_pem_public_key(f"{pem}-----END PUBLIC KEY-----\n".lstrip().encode())
            if not isinstance(key, ec.EllipticCurvePublicKey):
                raise TypeError(f"в {path} не ключ печатей.")
            der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            keys[hashlib.sha256(der).hexdigest()] = key
    return keys


def load(paths: Iterable[Path], at: float) -> Evidence:
    """Read all files, of folders too."""
    found = Evidence(at)
    for path in [one for given in paths for one in (sorted(given.rglob("*.json*")) if given.is_dir() else [given])]:
        text, start = path.read_text(encoding="utf-8"), 0
        while text[start:].strip():
            start += len(text[start:]) - len(text[start:].lstrip())
            tree, start = json.JSONDecoder().raw_decode(text, start)
            found.take(tree)
    return found


def judge(found: Evidence, keys: Keys) -> list[str]:
    """Return everything that is wrong. Raises LookupError when the files cannot show anything."""
    seals, chains = check_seals(found, keys), check_chains(found)
    is_whole = any(one.leaves is not None for one in seals.values()) and not found.proofs
    if not (is_whole or found.proofs):
        raise LookupError("нет ни доказательства, ни печатей со звеньями.")
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
    parser.add_argument("--keys", nargs="+", type=Path, required=True, help="доверенные открытые ключи")
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
    last = max((one.said for one in found.seals), key=lambda said: int(said["number"]))
    print(
        f"Журнал цел: записей {len(found.records)}, звеньев {len(found.leaves)}, печатей {len(found.seals)};"
        f" последняя № {last['number']} от {last['made_at']}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
