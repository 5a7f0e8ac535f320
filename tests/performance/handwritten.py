"""The measure: two operations of the profile as a competent developer writes them with bare botocore, without the kit.

It does the same work with the same calls: session by one conditional update, profile, keys by KMS, AES-GCM, journal,
outbox, one transaction. It answers one fault at a time and knows no keys of repetition, roles but one, or retries.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import time
import unicodedata
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = os.environ.get("CABINET_PREFIX", "cabinet")
CALLS_A_MINUTE = 600
YEAR = 365 * 24 * 3600
TOKEN = re.compile(r"Bearer ([0-9a-f]{32})\.(ses_[0-9a-f]{32})\.([0-9a-f]{64})")
NAME = re.compile(r"[A-Za-zА-Яа-яЁё][A-Za-zА-Яа-яЁё '’.()-]{0,59}")
PERSONNEL_NUMBER = re.compile(r"[0-9A-Za-zА-Яа-я/-]{1,20}")
LICENCE = re.compile(r"Л[0-9]{3}-[0-9]{5}-[0-9]{2}/[0-9]{8}|(?:ЛО|ФС)-[0-9]{2}-[0-9]{2}-[0-9]{6}")
VERSION = re.compile(r"[0-9][0-9._]*")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
QUALIFICATIONS = ("высшая", "первая", "вторая", "нет")
NULLABLE = ("middle_name", "inn", "personnel_number", "speciality", "qualification", "licence_number")
STATUSES = {
    "not_checked": "Не проверено",
    "on_check": "На проверке",
    "needs_correction": "Требует исправления",
    "confirmed": "Подтверждено",
}
RESULTS = {
    "confirmed": "Данные подтверждены",
    "needs_clarification": "Требуется уточнение",
    "input_error": "Ошибка ввода",
}
HEADERS = {
    "Content-Type": "application/json",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_session = botocore.session.get_session()
_config = Config(
    connect_timeout=2,
    read_timeout=5,
    max_pool_connections=50,
    parameter_validation=False,
    retries={"mode": "standard", "total_max_attempts": 3},
)
dynamodb = _session.create_client("dynamodb", config=_config)
kms = _session.create_client("kms", config=_config)
_keys: dict[bytes, tuple[bytes, float]] = {}


class Refused(Exception):  # noqa: N818 - a refusal is expected, not an error
    """The request is answered with a problem."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an API Gateway event."""
    trace_id = event["requestContext"]["requestId"]
    operation = change_profile if event["requestContext"]["httpMethod"] == "PATCH" else read_profile
    try:
        answer, version = operation(event, trace_id)
        status, headers, body = 200, HEADERS | {"ETag": f'"{version}"'}, json.dumps(answer, ensure_ascii=False)
    except Refused as refused:
        status, headers = refused.status, HEADERS | {"Content-Type": "application/problem+json"}
        body = json.dumps(problem(refused, trace_id), ensure_ascii=False)
    log(operation.__name__, trace_id, status)
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}


def problem(refused: Refused, trace_id: str) -> dict[str, Any]:
    """Write a refusal as a problem."""
    return {"status": refused.status, "code": refused.code, "detail": refused.detail, "trace_id": trace_id}


def log(operation: str, trace_id: str, status: int) -> None:
    """Write the one line of a request."""
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = {"event": "answered", "at": at, "trace_id": trace_id, "operation": operation, "status": status}
    print(json.dumps(line))  # noqa: T201 - the log of a Lambda


def read_profile(event: dict[str, Any], trace_id: str) -> tuple[dict[str, Any], int]:
    """Show one's own profile."""
    session = check_session(lowered(event), address_of(event))
    item = load_profile(session)
    data = json.loads(decrypt(owner_key(item), item["sealed"]["B"], bound(item)))
    record = journal_record(session, "profile.read", "read_profile", trace_id, [])
    dynamodb.put_item(TableName=f"{PREFIX}-journal", Item=record)
    return view(item, data), int(item["version"]["N"])


def change_profile(
    event: dict[str, Any], trace_id: str, body: dict[str, Any] | None = None
) -> tuple[dict[str, Any], int]:
    """Change one's own profile and have it checked; `body` is given by frameworks that have read it already."""
    headers = lowered(event)
    session = check_session(headers, address_of(event))
    match = headers.get("if-match", "")
    if not re.fullmatch(r'"[0-9]+"', match):
        raise Refused(428, "version-required", "Укажите версию записи.")
    body = read_body(event, headers) if body is None else body
    item = load_profile(session)
    version = int(item["version"]["N"])
    if match != f'"{version}"':
        raise Refused(412, "stale", "Запись изменилась.")
    key = owner_key(item)
    before = json.loads(decrypt(key, item["sealed"]["B"], bound(item)))
    after = patched(before, body)
    names = sorted(name for name in body if after.get(name) != before.get(name))
    if not names:
        raise Refused(422, "nothing-to-change", "В запросе нет ни одного изменения.")
    confirmed = session["assurance"]["S"] == "confirmed"
    item["status"] = {"S": "on_check" if confirmed else "not_checked"}
    changed = json.dumps(sorted({*json.loads(item["changed_fields"]["S"]), *names}))
    sealed = encrypt(key, json.dumps(after, ensure_ascii=False).encode(), bound(item))
    record = journal_record(session, "profile.changed", "change_profile", trace_id, names)
    steps = [put("journal", record), update_profile(item, version, sealed, changed)]
    if confirmed:
        steps.insert(
            0, put("outbox", outbox_row("check", "CheckProfile", {"person_id": item["person_id"]["S"]}, trace_id))
        )
    write(steps)
    return view(item, after), version + 1


def lowered(event: dict[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case names."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def address_of(event: dict[str, Any]) -> str:
    """Return the address that the gateway saw."""
    address: str = event["requestContext"]["identity"]["sourceIp"]
    return str(ipaddress.ip_address(address))


def check_session(headers: dict[str, str], address: str) -> dict[str, Any]:
    """Prove the token, move the idle end and count the call in one conditional update; it serves in its place only."""
    found = TOKEN.fullmatch(headers.get("authorization", ""))
    if found is None:
        raise Refused(401, "not-signed-in", "Войдите в кабинет.")
    now = int(time.time())
    this, other = ("hits_even", "hits_odd") if now // 60 % 2 == 0 else ("hits_odd", "hits_even")
    try:
        answer = dynamodb.update_item(
            TableName=f"{PREFIX}-session",
            Key={"handle": {"S": found[1]}, "session_id": {"S": found[2]}},
            ConditionExpression=(
                "secret_hash = :hash AND idle_until > :now AND absolute_until > :now"
                f" AND ({this} = :zero OR (#minute >= :before AND {this} < :most))"
            ),
            UpdateExpression=f"SET idle_until = idle_seconds + :now, #minute = :minute, {other} = :zero ADD {this} :one",
            ExpressionAttributeNames={"#minute": "minute"},
            ExpressionAttributeValues={
                ":hash": {"S": hashlib.sha256(found[3].encode()).hexdigest()},
                ":now": {"N": str(now)},
                ":most": {"N": str(CALLS_A_MINUTE)},
                ":minute": {"N": str(now // 60)},
                ":before": {"N": str(now // 60 - 1)},
                ":zero": {"N": "0"},
                ":one": {"N": "1"},
            },
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise Refused(401, "session-ended", "Сеанс закончился.") from None
        raise
    session: dict[str, Any] = answer["Attributes"]
    if json.loads(session["grant"]["S"])["role"] != "worker":
        raise Refused(403, "role-not-allowed", "Эта роль не может этого делать.")
    device = VERSION.sub("", headers.get("user-agent", "")[:200])
    if (session["source"]["S"], session["device"]["S"]) != (look_up("source", address), look_up("device", device)):
        raise Refused(401, "session-ended", "Сеанс открыт в другом месте.")
    return session


def load_profile(session: dict[str, Any]) -> dict[str, Any]:
    """Read the profile of a session's person."""
    key = {"person_id": session["person_id"]}
    item: dict[str, Any] | None = dynamodb.get_item(TableName=f"{PREFIX}-profile", Key=key, ConsistentRead=True).get(
        "Item"
    )
    if item is None:
        raise Refused(404, "not-found", "Запись не найдена.")
    return item


def owner_key(item: dict[str, Any]) -> bytes:
    """Unwrap the data key of a profile's owner; kept for five minutes."""
    wrapped = item["wrapped_key"]["B"]
    plain, until = _keys.get(wrapped, (b"", 0.0))
    if until <= time.time():
        plain = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext={"owner": item["person_id"]["S"]})["Plaintext"]
        _keys[wrapped] = (plain, time.time() + 300)
    return plain


def bound(item: dict[str, Any]) -> bytes:
    """Return what the sealed profile is bound to."""
    return f"{item['person_id']['S']}/profile/sealed".encode()


def encrypt(key: bytes, plain: bytes, place: bytes) -> bytes:
    """Encrypt for one place."""
    nonce = os.urandom(12)
    return b"\x01" + nonce + AESGCM(key).encrypt(nonce, plain, b"\x01" + place)


def decrypt(key: bytes, sealed: bytes, place: bytes) -> bytes:
    """Decrypt what was encrypted for the same place."""
    return AESGCM(key).decrypt(sealed[1:13], sealed[13:], b"\x01" + place)


@lru_cache(maxsize=1)
def deployment() -> dict[str, str]:
    """Read the deployment's secret, once."""
    item = dynamodb.get_item(TableName=f"{PREFIX}-deployment_secret", Key={"place": {"S": "current"}})["Item"]
    wrapped = item["wrapped"]["B"]
    opened = kms.decrypt(CiphertextBlob=wrapped, EncryptionContext={"purpose": "deployment"})["Plaintext"]
    found: dict[str, str] = json.loads(opened)
    return found


@lru_cache(maxsize=8)
def derive(purpose: str) -> bytes:
    """Derive the key of one purpose from the deployment's secret."""
    extracted = hmac.digest(b"medical-cabinet", bytes.fromhex(deployment()["root"]), hashlib.sha256)
    return hmac.digest(extracted, purpose.encode() + b"\x01", hashlib.sha256)


def look_up(kind: str, value: str) -> str:
    """Return the keyed hash of a value."""
    return hmac.digest(derive(f"look-up/{kind}"), value.encode(), hashlib.sha256).hex()


def new_id(prefix: str) -> str:
    """Make a UUIDv7 with a prefix."""
    random = secrets.randbits(74)
    value = int(time.time() * 1000) << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return f"{prefix}_{value:032x}"


def put(table: str, item: dict[str, Any]) -> dict[str, Any]:
    """Make one step of a transaction."""
    return {"Put": {"TableName": f"{PREFIX}-{table}", "Item": item}}


def journal_record(
    session: dict[str, Any], kind: str, operation: str, trace_id: str, fields: list[str]
) -> dict[str, Any]:
    """Make the journal record of a call."""
    record_id = new_id("rec")
    return {
        "person_id": session["person_id"],
        "record_id": {"S": record_id},
        "hour": {"S": f"{datetime.now(UTC):%Y-%m-%dT%H}#{int(record_id[-1], 16) % 8}"},
        "kind": {"S": kind},
        "person_kind": {"S": f"{session['person_id']['S']}#{kind}"},
        "operation": {"S": operation},
        "outcome": {"S": "done"},
        "role": {"S": "worker"},
        "objects": {"L": []},
        "fields": {"L": [{"S": name} for name in fields]},
        "trace_id": {"S": trace_id},
        "origin": session["origin"],
        "expires": {"N": str(int(time.time()) + 3 * YEAR)},
    }


def outbox_row(channel: str, kind: str, values: dict[str, Any], trace_id: str) -> dict[str, Any]:
    """Make the outbox row of an effect."""
    effect_id, now = new_id("eff"), int(time.time())
    return {
        "effect_id": {"S": effect_id},
        "channel": {"S": channel},
        "kind": {"S": kind},
        "sealed": {"B": encrypt(derive("outbox"), json.dumps(values).encode(), effect_id.encode())},
        "state": {"S": "pending"},
        "attempts": {"N": "0"},
        "lease_until": {"N": "0"},
        "pending_shard": {"S": str(int(effect_id[-1], 16) % 4)},
        "pending_since": {"N": str(now)},
        "made_at": {"N": str(now)},
        "trace_id": {"S": trace_id},
        "expires": {"N": str(now + 7 * 24 * 3600)},
    }


def update_profile(item: dict[str, Any], version: int, sealed: bytes, changed: str) -> dict[str, Any]:
    """Change the profile if nobody else has."""
    return {
        "Update": {
            "TableName": f"{PREFIX}-profile",
            "Key": {"person_id": item["person_id"]},
            "ConditionExpression": "version = :old",
            "UpdateExpression": "SET sealed = :sealed, #status = :status, changed_fields = :changed, version = :new",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {
                ":old": {"N": str(version)},
                ":sealed": {"B": sealed},
                ":status": item["status"],
                ":changed": {"S": changed},
                ":new": {"N": str(version + 1)},
            },
        }
    }


def write(steps: list[dict[str, Any]]) -> None:
    """Write all or nothing."""
    try:
        dynamodb.transact_write_items(TransactItems=steps)
    except ClientError as error:
        reasons = {one.get("Code") for one in error.response.get("CancellationReasons", ())}
        if "ConditionalCheckFailed" in reasons:
            raise Refused(412, "stale", "Запись изменилась.") from None
        raise


def view(item: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Show the profile."""
    status = item["status"]["S"]
    check = None
    if "result" in item:
        result = item["result"]["S"]
        moment = datetime.fromtimestamp(int(item["checked_at"]["N"]), UTC)
        check = {
            "result": result,
            "result_name": RESULTS[result],
            "checked_at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "remarks": json.loads(item["remarks"]["S"]),
        }
    return data | {"status": status, "status_name": STATUSES[status], "last_check": check}


def read_body(event: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """Read the body and check each field."""
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refused(415, "unsupported-media-type", "Нужен JSON.")
    raw = event.get("body") or ""
    if event.get("isBase64Encoded"):
        raw = base64.b64decode(raw)
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refused(400, "invalid-json", "Это не JSON.") from None
    if not isinstance(body, dict):
        raise Refused(422, "wrong-fields", "Нужен объект с полями.")
    return {name: checked(name, value) for name, value in body.items()}


def checked(name: str, value: object) -> str | None:
    """Return the form to store of one field; refuses a wrong one."""
    if value is None:
        if name not in (*NULLABLE, "organisation_ogrn", "ogrnip"):
            raise wrong(name)
        return None
    if not isinstance(value, str):
        raise wrong(name)
    text = unicodedata.normalize("NFC", value).strip()
    if not text or len(text) > 200 or CONTROL.search(text):
        raise wrong(name)
    if name in NUMBERS:
        text = text.replace(" ", "").replace("-", "")
    if not is_right(name, text):
        raise wrong(name)
    return text


def is_right(name: str, text: str) -> bool:  # noqa: PLR0911 - plain ifs are the point
    """Tell whether a text fits its field."""
    if name in ("last_name", "first_name", "middle_name"):
        return NAME.fullmatch(text) is not None
    if name == "birth_date":
        return is_date(text)
    if name == "personnel_number":
        return PERSONNEL_NUMBER.fullmatch(text) is not None
    if name == "qualification":
        return text in QUALIFICATIONS
    if name == "licence_number":
        return LICENCE.fullmatch(text) is not None
    if name in NUMBERS:
        return text.isascii() and text.isdigit() and len(text) == NUMBERS[name] and has_control_digits(name, text)
    return name == "speciality"


NUMBERS = {"inn": 12, "organisation_ogrn": 13, "ogrnip": 15}
INN_WEIGHTS = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)


def has_control_digits(name: str, digits: str) -> bool:
    """Check the control digits of a number of a state register."""
    if name != "inn":
        return int(digits[:-1]) % (len(digits) - 2) % 10 == int(digits[-1])
    for place in (10, 11):
        total = sum(int(digit) * weight for digit, weight in zip(digits, INN_WEIGHTS[-place:], strict=False))
        if total % 11 % 10 != int(digits[place]):
            return False
    return True


def is_date(text: str) -> bool:
    """Tell whether a text is a calendar date."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def wrong(name: str) -> Refused:
    """Make the refusal of one field."""
    return Refused(422, "wrong-fields", f"Проверьте поле {name[:64]}.")


def patched(before: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Apply a patch; a new licence number is a proposal."""
    after = before | changes
    if (after["licence_number"], after["ogrnip"]) != (before["licence_number"], before["ogrnip"]):
        after["licence_state"] = "proposed" if after["licence_number"] else "none"
    return after
