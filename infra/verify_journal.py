"""Is the journal whole? This file works alone and offline: it needs Python and `cryptography`, nothing of the cabinet.

    python -m infra.verify_journal --keys keys.json evidence/                  # what one person has saved of his journal
    python -m infra.verify_journal --keys keys.pem --seals seals/ dump.jsonl   # the whole journal and the locked bucket

Files hold JSON, one value or one a line: answers of the cabinet as they came, lines of `infra.dump_journal`, seals of
the bucket. `--keys` names the trusted keys: PEM, or the answer of `list_seal_keys` saved earlier; a later answer among the
files brings the keys that a trusted one has endorsed. `--at` is the moment at which the files were taken, if not now.
`--owner` is the pseudonym that the journal must have. Exit code: 0 whole, 1 broken, 2 cannot tell, as for a whole journal
without `--seals`. What is hashed and what is proven: docs/engineering/journal-seals.md.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

NOTHING: Final = "0" * 64
FANOUT: Final = 64
WINDOW_SECONDS: Final = 3600  # seals come within a minute; an hour covers an outage of the sealing worker
CLOCK_SECONDS: Final = 300  # so much may the clocks of functions and of this machine differ
FOREVER: Final = float("inf")
_HEX: Final = re.compile(r"[0-9a-f]*")
UNREADABLE: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
Said = dict[str, Any]


class Trusted(NamedTuple):
    """A believed key and its term: seals from number `first` on and before `end`, made from `since` to `until`."""

    key: ec.EllipticCurvePublicKey
    first: float = 1
    end: float = FOREVER
    since: float = 0
    until: float = FOREVER
    next_key: str = ""


Keys = dict[str, Trusted]


class Evidence:
    """Everything that the files hold, each text with its hash under `hash`, and the faults found in it."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.records: dict[str, None] = {}  # in their order; a page that was saved twice is no fault
        self.links: dict[str, Said] = {}
        self.ends: dict[str, Said] = {}
        self.proofs: list[Said] = []
        self.seals: list[Said] = []
        self.locked: list[Said] | None = None  # what lies in the bucket, where that was asked for
        self.keys: list[Said] = []
        self.people: dict[str, str] = {}  # owners' pseudonyms and the numbers of people in their records
        self.faults: list[str] = []
        self.late: list[str] = []

    def take(self, tree: Any) -> None:
        """Take one JSON value; an error when it is no evidence."""
        if "items" in tree:
            for one in tree["items"]:
                self.take(one)
        elif "pem" in tree:
            self.keys.append(tree)
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
            self.seals.append(read_seal(tree))

    def fault(self, sentence: str) -> None:
        """Note what is wrong and where."""
        if sentence not in self.faults:
            self.faults.append(sentence)

    def is_young(self, record_id: str) -> bool:
        """Tell whether a record is so new that its seal may still be missing."""
        return abs(self.at - made(record_id)) < WINDOW_SECONDS

    def is_due(self, seal: Said) -> bool:
        """Tell whether a seal is so old that whatever was taken at `at` must know it."""
        return seconds(seal["made_at"]) < self.at - WINDOW_SECONDS


def read_seal(tree: Any) -> Said:
    """Read a seal: what its signed text says, and what stands beside."""
    beside = {"body": tree["body"], "signature": tree["signature"], "leaves": tree.get("leaves")}
    said: Said = json.loads(tree["body"])
    return said | beside | {"hash": digest(tree["body"].encode())}


def made(record_id: str) -> float:
    """Return the moment that a record's number holds; one that the cabinet cannot have written is of no time."""
    is_number = re.fullmatch(r"rec_[0-9a-f]{32}", record_id) is not None
    return int(record_id[4:16], 16) / 1000 if is_number else FOREVER


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
    """Check signatures, roots, links and times; returns one seal a number, with its leaves where they are known."""
    known: dict[int, Said] = {}
    for one in [*found.seals, *(found.locked or ())]:
        number = one["number"]
        check_seal(found, one, keys)
        if known.setdefault(number, one)["hash"] != one["hash"]:
            found.fault(f"Печать № {number}: есть две разные печати с этим номером, цепочка раздвоена.")
        elif one["leaves"] is not None:
            known[number] = one
    for number, one in known.items():
        before = known[number - 1]["hash"] if number - 1 in known else one["previous"]
        if one["previous"] != before or (one["previous"] == NOTHING) != (number == 1):
            found.fault(f"Печать № {number}: не продолжает печать № {number - 1}.")
    for former, number in pairwise(sorted(known)):
        if seconds(known[number]["made_at"]) < seconds(known[former]["made_at"]):
            found.fault(f"Печать № {number}: поставлена раньше печати № {former}.")
    return known


def check_seal(found: Evidence, one: Said, keys: Keys) -> None:
    """Check the signature of a seal, made by a trusted key within its term, its leaves and its time."""
    number, leaves, made_at, trusted = one["number"], one["leaves"], seconds(one["made_at"]), keys.get(one["key_id"])
    if trusted is None or not is_signed(one["body"], one["signature"], trusted):
        found.fault(f"Печать № {number}: подпись неверна или сделана неизвестным ключом {one['key_id'][:16]}.")
    elif not (trusted.first <= number < trusted.end and trusted.since <= made_at <= trusted.until):
        found.fault(f"Печать № {number}: подписана вне срока ключа {one['key_id'][:16]}.")
    if leaves is not None and (root(leaves), len(leaves)) != (one["records_root"], one["records"]):
        found.fault(f"Печать № {number}: список её звеньев изменён.")
    if made_at > found.at + CLOCK_SECONDS or seconds(one["oldest"]) > made_at + CLOCK_SECONDS:
        found.fault(f"Печать № {number}: её время {one['made_at']} ещё не пришло, или записи в ней новее её самой.")


def is_signed(text: str, signature: str, trusted: Trusted) -> bool:
    """Tell whether a key has signed a text."""
    try:
        trusted.key.verify(bytes.fromhex(signature), text.encode(), ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return _HEX.fullmatch(signature) is not None


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
    people = found.people
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
        elif people.setdefault(link["owner"], said["person_id"]["S"]) != said["person_id"]["S"]:
            found.fault(f"Запись {record_id} принадлежит другому человеку, чем остальные в этой цепочке.")
    for record_id in [one for one, link in links.items() if one not in present and link["expires"] >= found.at]:
        found.fault(f"Записи {record_id} нет, хотя срок её хранения не вышел.")


def check_end(found: Evidence, end: Said, chain: Sequence[Said], *, is_newest: bool = True) -> None:
    """Check that an owner's chain goes through an end that is under seal; what comes after the newest may only be new."""
    owner, number = end["owner"], end["number"]
    for one in chain:
        if one["number"] == number and (one["hash"], one["kept_until"]) != (end["leaf"], end["kept_until"]):
            found.fault(f"Владелец {owner}: звено № {number} не то, что под печатью.")
        if is_newest and one["number"] > number and not found.is_young(one["record_id"]):
            found.fault(f"Запись {one['record_id']} приписана после последней печати.")
    if chain[-1]["number"] < number if chain else end["kept_until"] >= found.at:
        last = chain[-1]["number"] if chain else 0
        found.fault(f"Владелец {owner}: конец обрезан: под печатью {number} записей, а предъявлено до № {last}.")


def check_proof(found: Evidence, proof: Said, chains: Mapping[str, list[Said]], *, is_newest: bool) -> str:
    """Check the way from the end of one chain up to the signed head; returns the owner. An older proof may be of any age."""
    end, head = json.loads(proof["entry"]), json.loads(proof["head"]["body"])
    owner, place = end["owner"], int(end["owner"][:3], 16)
    shown = [(one["owner"], one["hash"]) for one in proof["bucket"]]
    middle, top = proof["middle"], proof["top"]
    is_proven = shown == sorted(dict(shown).items()) and (owner, leaf_hash(proof["entry"])) in shown
    is_proven &= len(middle) == len(top) == FANOUT and middle[place % FANOUT] == node_hash(map("".join, shown))
    if not (is_proven and top[place // FANOUT] == node_hash(middle) and node_hash(top) == head["owners_root"]):
        found.fault(f"Доказательство владельца {owner} не сходится с печатью № {head['number']}.")
    for one in [*found.seals, *(found.locked or ())] if is_newest else ():
        if one["number"] > head["number"] and found.is_due(one):
            found.fault(f"Предъявлена старая печать № {head['number']}: уже была № {one['number']}.")
    check_end(found, end, chains.get(owner, []), is_newest=is_newest)
    return str(owner)


def check_own(found: Evidence, chains: Mapping[str, list[Said]]) -> set[str]:
    """Check one person's evidence; returns his pseudonym."""
    numbers = [json.loads(one["head"]["body"])["number"] for one in found.proofs]
    newest = max(numbers)
    owners = {
        check_proof(found, one, chains, is_newest=number == newest)
        for one, number in zip(found.proofs, numbers, strict=True)
    }
    if len(owners) > 1:
        raise LookupError("доказательства разных владельцев: проверяйте каждого отдельно")
    if chains.keys() - owners:
        found.fault("Есть звенья владельцев, чьего доказательства нет.")
    return owners


def check_whole(found: Evidence, seals: Mapping[int, Said], chains: Mapping[str, list[Said]]) -> set[str]:
    """Check that seals, links and the ends of all chains are the same set; returns the owners."""
    last = max(one["number"] for one in found.seals)
    check_numbers(found, seals, last)
    leaves = [(one, number) for number in range(1, last + 1) for one in seals.get(number, {}).get("leaves") or ()]
    place = dict(leaves)
    if len(place) != len(leaves):
        found.fault("Одно звено опечатано дважды.")
    ends = dict(found.ends)
    for owner, chain in chains.items():
        places = [place.get(one["hash"], last + 1) for one in chain]
        if places != sorted(places):
            found.fault(f"Владелец {owner}: звенья опечатаны не в своём порядке.")
        number, leaf, kept_until = chain[0]["number"] - 1, chain[0]["previous"], chain[0]["previous_kept_until"]
        for one in chain:
            if one["hash"] in place:
                number, leaf, kept_until = one["number"], one["hash"], one["kept_until"]
                check_time(found, one, seals[place[one["hash"]]])
        ends[owner] = {"owner": owner, "number": number, "leaf": leaf, "kept_until": kept_until}
    for end in [*found.ends.values(), *ends.values()]:
        check_end(found, end, chains.get(end["owner"], []))
    if owners_root(ends.values()) != seals[last]["owners_root"]:
        found.fault(f"Печать № {last}: концы цепочек не те, что под ней.")
    if (sealed := len(leaves)) != (kept := sum(one["number"] for one in ends.values())):
        found.fault(
            f"Под печатями {sealed} записей, а концы цепочек насчитывают {kept}: цепочку обрезали и продолжили."
        )
    return {owner for owner, end in ends.items() if end["number"]}


def check_numbers(found: Evidence, seals: Mapping[int, Said], last: int) -> None:
    """Check that the dump, and the bucket by itself, hold every seal up to the last one, and the bucket no old one more."""
    dumped = {one["number"] for one in found.seals if one["leaves"] is not None}
    locked = {one["number"] for one in found.locked or ()}
    for number in range(1, last + 1):
        if number not in dumped:
            found.fault(f"Печати № {number} нет в выгрузке.")
        if found.locked is not None and number not in locked:
            found.fault(f"Печати № {number} нет в хранилище.")
    for number in sorted(one for one in locked if one > last and found.is_due(seals[one])):
        found.fault(f"Выгрузка кончается печатью № {last}, а в хранилище давно лежит № {number}.")


def check_time(found: Evidence, link: Said, seal: Said) -> None:
    """Check that a record was made before its seal; note when it was long before."""
    waited = seconds(seal["made_at"]) - made(link["record_id"])
    if waited < -CLOCK_SECONDS:
        found.fault(f"Запись {link['record_id']} новее своей печати № {seal['number']}.")
    if waited > WINDOW_SECONDS:
        found.late.append(f"{link['record_id']} (печать № {seal['number']})")


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


def load_keys(paths: Iterable[Path], found: Evidence) -> Keys:
    """Read trusted keys, by the SHA-256 of their DER form, and those that they have endorsed."""
    keys: Keys = {}
    shown = list(found.keys)
    for text in [path.read_text(encoding="utf-8") for path in paths]:
        if not text.lstrip().startswith("{"):
            keys |= {name: Trusted(key) for name, key in map(read_key, text.split("-----END PUBLIC KEY-----")[:-1])}
            continue
        for one in json.loads(text)["items"]:
            name, key = read_key(one["pem"])
            since, until = one.get("valid_from"), one.get("valid_to")
            keys[name] = Trusted(key, since=seconds(since) if since else 0, until=seconds(until) if until else FOREVER)
            shown.append(one)
    for _ in shown:  # a chain of keys may come in any order
        for one in shown:
            endorse(found, keys, one)
    return keys


def read_key(pem: str) -> tuple[str, ec.EllipticCurvePublicKey]:
    """Read a public key; returns its name and itself."""
    key = load_pem_public_key(f"{pem.partition('-----END')[0].strip()}\n-----END PUBLIC KEY-----\n".encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("печати подписывают ключами P-256")
    return digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)), key


def endorse(found: Evidence, keys: Keys, shown: Said) -> None:
    """Believe a key that a trusted key has signed to be the next; with that the term of the former ends."""
    text, (name, key) = shown.get("endorsement") or "{}", read_key(shown["pem"])
    said = json.loads(text)
    former = keys.get(said.get("endorsed_by", ""))
    if former is None or said["key_id"] != name or not is_signed(text, shown["endorsement_signature"], former):
        return
    if former.next_key not in {"", name}:
        found.fault(f"Ключ {said['endorsed_by'][:16]} поручился за два ключа, цепочка раздвоена.")
    since = seconds(said["valid_from"])
    keys[said["endorsed_by"]] = former._replace(end=said["number"], until=since, next_key=name)
    keys[name] = keys.get(name, Trusted(key))._replace(first=said["number"], since=since)


def load(paths: Iterable[Path], at: float, seals: Path | None = None) -> Evidence:
    """Read all files, of folders too, and the bucket's folder by itself. Raises ValueError with the name of a strange file."""
    found = Evidence(at)
    for path in files_of(paths):
        read_file(path, found.take)
    if seals is not None:
        locked: list[Said] = []
        for path in files_of([seals]):
            read_file(path, lambda tree: locked.append(read_seal(tree)))
        found.locked = locked
    return found


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Return files, and what lies in folders."""
    return [one for given in paths for one in (sorted(given.rglob("*.json*")) if given.is_dir() else [given])]


def read_file(path: Path, take: Callable[[Any], None]) -> None:
    """Hand on the values of a file: one, or one a line."""
    text = path.read_text(encoding="utf-8")
    try:
        try:
            values = [json.loads(text)]
        except json.JSONDecodeError:
            values = [json.loads(line) for line in filter(str.strip, text.split("\n"))]
        for one in values:
            take(one)
    except UNREADABLE as error:
        raise ValueError(f"{path}: {type(error).__name__}: {error}") from error


def judge(found: Evidence, keys: Keys, owner: str | None = None) -> list[str]:
    """Return everything that is wrong. Raises LookupError when the files cannot show anything."""
    seals, chains = check_seals(found, keys), check_chains(found)
    if not (found.proofs or any(one["leaves"] is not None for one in found.seals)):
        raise LookupError("нет ни доказательства, ни печатей со звеньями")
    owners = check_own(found, chains) if found.proofs else check_whole(found, seals, chains)
    if owner and owner not in owners:
        found.fault(f"Это журнал другого владельца: {', '.join(sorted(owners)[:3])}.")
    check_records(found)
    if not (found.records or found.faults):
        raise LookupError("нет ни одной записи")
    return found.faults


def main(arguments: list[str] | None = None) -> int:
    """Read, judge, tell."""
    parser = argparse.ArgumentParser(prog="python -m infra.verify_journal", description="Проверить, цел ли журнал.")
    parser.add_argument("files", nargs="+", type=Path, help="файлы и папки: записи, звенья, доказательство, печати")
    parser.add_argument("--keys", action="append", type=Path, required=True, help="доверенные открытые ключи")
    parser.add_argument("--seals", type=Path, help="папка со всеми печатями из хранилища")
    parser.add_argument("--owner", help="псевдоним, который должен стоять в звеньях")
    parser.add_argument("--at", default=datetime.now(UTC).isoformat(), help="когда взяты файлы, если не сейчас")
    given = parser.parse_args(arguments)
    try:
        found = load(given.files, seconds(given.at), given.seals)
        faults = judge(found, load_keys(given.keys, found), given.owner)
    except (OSError, *UNREADABLE) as error:
        print(f"Проверить нельзя: {type(error).__name__}: {error}")
        return 2
    if found.late:
        print("Опечатаны позже чем через час, спросите почему:", *found.late, sep="\n")
    if faults:
        print("Журнал нарушен.", *faults, sep="\n")
        return 1
    return tell(found)


def tell(found: Evidence) -> int:
    """Say whose journal is whole and up to when; a whole one that nobody compared with the bucket may have been cut."""
    last = max(found.seals, key=lambda one: int(one["number"]))
    counted = f"записей {len(found.records)}, звеньев {len(found.links)}, печатей {len(found.seals)}"
    until = f"{counted}; последняя печать № {last['number']} от {last['made_at']}."
    if found.proofs:
        whose = "; ".join(f"псевдоним {owner}, человек {person}" for owner, person in found.people.items())
        print(f"Журнал цел: {until}\nЧей это журнал: {whose}.")
        return 0
    if found.locked is None:
        print(f"Журнал сходится, но не сверено с хранилищем (--seals): {until}")
        return 2
    print(f"Журнал цел, сверено с хранилищем: владельцев {len(found.people)}, {until}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
