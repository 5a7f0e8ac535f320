"""What a generator of requests cannot know: who is signed in, which things exist, which version they have.

schemathesis loads this file. Parts of a request that it made wrong on purpose stay as they are.
"""

import json
import os
import secrets
import urllib.request
from collections import Counter
from itertools import count
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation as Place
from schemathesis.core.transport import Response
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData
from urllib3.util import connection

CLERK = os.environ["CLERK_URL"]
GIVEN = ("cursor", "pointer")  # what only the cabinet itself can make
STAYS = 50  # so many requests come from one example
SIGNED_OUT = 401
UNFIT = {412, 422}
# Refusals of a request that fits its schema, and fields whose rules no schema can say.
OTHER_REFUSALS = {
    "code-wrong": "a made-up code fits nothing",
    "current-password-wrong": "a made-up password is not the person's",
    "nothing-to-change": "what is there already is not in the schema",
    "stale": "the version is another one's, where no link brings it",
    "policy-not-accepted": "only the version in force can be accepted, and it changes by release",
}
RULED_FIELDS = {
    "alternative_phone": "see `phone`",
    "birth_date": "not in the future, and nobody is 120 years old",
    "code": "how many characters depends on `kind`",
    "email": "the parts of a host name, as addresses on the internet have them",
    "hand_over_to": "named when, and only when, the hospital would lose its last officer",
    "inn": "control digits",
    "licence_number": "the groups of digits differ between regions and years",
    "login": "one of `login` and `snils`, not both",
    "ogrn": "a control digit",
    "ogrnip": "a control digit",
    "oid": "given for a medical organisation and for no other",
    "organisation_id": "given for the roles that are held at an organisation",
    "organisation_ogrn": "a control digit",
    "password": "the rules of the day, the list of common ones, the person's own data and former ones",
    "phone": "a number that the numbering plan has",
    "since": "not after `until`",
    "snils": "control digits",
    "until": "not before `since`, and a journal is kept for a while only",
    "change_setting/name": "the list of settings changes by release",
    "change_setting/valid_from": "a coming moment within a year",
    "change_setting/value": "what may stand there depends on the setting",
    "open_check/order_date": "not after today",
    **dict.fromkeys(
        ("attestation", "authenticator_data", "client_data", "id", "signature", "user_handle"),
        "base64url has one way to write bytes, and spare bits are zero",
    ),
}

turns = count()
uses: Counter[str] = Counter()
latest: dict[str, dict[str, Any]] = {}
examples: dict[str, dict[str, Any]] = {}
walkers: dict[str, str] = {}


@schemathesis.auth(refresh_interval=None)
class Session:
    """A session of the person who may call; along links it stays that of one person for each role."""

    def get(self, case: Case[Any], _: Any) -> str | None:
        """Return a token, or None for what is public."""
        if is_public(case):
            return None
        made = example(case)
        if case.meta is None or case.meta.phase.name is not TestPhase.STATEFUL:
            return str(made["token"])
        return next((walkers[role] for role in made["roles"] if role in walkers), None) or begin_walk(made)

    def set(self, case: Case[Any], data: str, _: Any) -> None:
        """Sign the request."""
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put real things in the place of invented ones; every other body is the example's own, so that it succeeds."""
    case.headers.setdefault("User-Agent", "")
    if case.meta is None:
        return
    token = str(case.headers.get("Authorization", "")).removeprefix("Bearer ")
    made = example(case) if is_public(case) else examples.get(token)
    if made is None:
        return
    if not case.meta.is_negative_at(Place.PATH) and case.meta.phase.name is not TestPhase.STATEFUL:
        case.path_parameters.update(made["path_values"])
    if not case.meta.is_negative_at(Place.HEADER):
        fitting = {"Idempotency-Key": secrets.token_hex(16), "If-Match": made["match"]}
        case.headers.update({name: one for name, one in fitting.items() if one and name in case.headers})
    if not case.meta.is_negative_at(Place.QUERY) and case.query:
        for name in GIVEN:
            case.query.pop(name, None)
        case.query.update({name: one for name, one in (made["query"] or {}).items() if name in GIVEN})
    if not case.meta.is_negative_at(Place.BODY) and made["body"] is not None and next(turns) % 2:
        case.body = made["body"]


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """Let a new person walk on when the session of the one before has ended."""
    if response.status_code == SIGNED_OUT:
        token = str(case.headers.get("Authorization", "")).removeprefix("Bearer ")
        for role in [role for role, one in walkers.items() if one == token]:
            del walkers[role]


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop what is no failure: a request that fits the schema and is refused by a rule which no schema can say."""
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in UNFIT:
        return True
    problem = json.loads(response.content)
    if problem["code"] != "wrong-fields":
        return str(problem["code"]) not in OTHER_REFUSALS
    return not all(is_ruled(case, error["pointer"].rpartition("/")[2]) for error in problem["errors"])


def is_ruled(case: Case[Any], field: str) -> bool:
    """Tell whether a field has a rule beyond its schema: everywhere, or in this operation."""
    return field in RULED_FIELDS or f"{case.operation.definition.raw['operationId']}/{field}" in RULED_FIELDS


def begin_walk(made: dict[str, Any]) -> str:
    """Let the person of an example walk for his role."""
    walkers[made["role"]] = made["token"]
    return str(made["token"])


def is_public(case: Case[Any]) -> bool:
    """Tell whether an operation is called without a session."""
    return bool(case.operation.definition.raw["security"] == [])


def example(case: Case[Any]) -> dict[str, Any]:
    """Have the people and things of an operation's example made, or take the last ones again where they are not used up."""
    name = str(case.operation.definition.raw["operationId"])
    is_refused = case.meta is not None and case.meta.generation.mode.is_negative
    if (is_refused or case.method == "GET") and uses[name] % STAYS:
        uses[name] += 1
        return latest[name]
    with urllib.request.urlopen(f"{CLERK}/{name}", timeout=60) as answer:
        made: dict[str, Any] = json.load(answer)
    latest[name], uses[name] = made, 1
    examples[str(made["token"])] = made
    return made


def connect(address: tuple[str, int], *given: Any, **named: Any) -> Any:
    """Connect from another address of this machine each time: limits of one address are not what is tried here."""
    named["source_address"] = (
        f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}",
        0,
    )
    return _connect(address, *given, **named)


_connect = connection.create_connection
connection.create_connection = connect
