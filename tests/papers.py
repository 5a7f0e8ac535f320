"""What the tests of the profile, the journal and the notices share: people known to the register, and looks inside."""

import secrets
from datetime import date
from typing import Any

import make
from conftest import World

from chalicelib.accounts.schemas import Contacts, contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import aws, clock, outbox, settings
from chalicelib.kit.outbox import Effect
from chalicelib.kit.records.tables import Outbox
from chalicelib.kit.tables import Table
from chalicelib.kit.trail.tables import JournalRecord
from chalicelib.profile.rules import ProfileData
from chalicelib.profile.schemas import open_profile
from chalicelib.profile.tables import Confirmation, Profile

LICENCE = "Л041-01137-77/00584930"
OTHER_LICENCE = "Л041-01137-77/00990004"
INN = "500100732259"
OGRN = "1027700132195"
OGRNIP = "304500116000157"
LONG_ENOUGH = 3 * 3600  # more than the longest wait between two tries


def card(**changes: Any) -> dict[str, Any]:
    """Make an employment by the register."""
    return {
        "organisation_id": make.HOSPITAL,
        "organisation_name": "Больница",
        "licence_number": LICENCE,
        "position": "Врач",
        "personnel_number": "1042",
        "since": "2010-01-11",
        "until": None,
    } | changes


def registered(world: World, **changes: Any) -> dict[str, Any]:
    """Put a fresh worker into the register: nobody else's test knows him."""
    worker = {
        "snils": make.valid_snils(f"{2_000_000 + secrets.randbelow(900_000_000):09d}"),
        "last_name": "Воробьёва",
        "first_name": "Алёна",
        "middle_name": "Семёновна",
        "birth_date": "1985-04-02",
        "inn": INN,
        "ogrnip": None,
        "cards": [card()],
        "specialities": ["Терапия"],
        "qualification": "первая",
    } | changes
    world.register.put(worker)
    return worker


def noted(world: World, note: str) -> dict[str, Any]:
    """Return the first worker of the sandbox whose note begins so."""
    return next(one for one in world.register.people() if one.get("note", "").startswith(note))


def said(worker: dict[str, Any]) -> dict[str, Any]:
    """Return the profile that agrees with a worker of the register; what it does not hold is filled in plausibly."""
    jobs = worker["cards"]
    numbers = [one["personnel_number"] for one in jobs if one["personnel_number"] and one["until"] is None]
    return {
        "snils": worker["snils"],
        "last_name": worker["last_name"],
        "first_name": worker["first_name"],
        "middle_name": worker["middle_name"],
        "birth_date": date.fromisoformat(worker["birth_date"]),
        "inn": worker["inn"],
        "ogrnip": worker["ogrnip"],
        "personnel_number": (numbers or ["1042"])[0],
        "speciality": (worker["specialities"] or ["Терапия"])[0],
        "qualification": worker["qualification"] or "нет",
        "licence_number": ([one["licence_number"] for one in jobs if one["until"] is None] or [LICENCE])[0],
    }


def doctor(world: World, worker: dict[str, Any] | None = None, **overrides: Any) -> make.Person:
    """Make a signed-in worker whose profile agrees with the register, but for the overrides."""
    return make.person(**said(worker or registered(world)) | overrides)


def profile(made: make.Person) -> Profile:
    """Read the stored profile."""
    return Profile.get(made.person_id, consistent_read=True)


def data(made: make.Person) -> ProfileData:
    """Open the stored profile."""
    return open_profile(profile(made))


def contacts(made: make.Person) -> Contacts:
    """Open the stored contacts."""
    return contacts_of(Account.get(made.person_id, consistent_read=True))


def contacts_tag(made: make.Person) -> str:
    """Return the entity tag of a person's contacts."""
    return f'"{int(Account.get(made.person_id, consistent_read=True).contacts_version)}"'


def confirmations(made: make.Person) -> list[Confirmation]:
    """List a person's confirmations, oldest first."""
    return list(Confirmation.query(made.person_id, consistent_read=True))


def acts(made: make.Person) -> list[JournalRecord]:
    """List a person's journal, oldest first."""
    return list(JournalRecord.query(made.person_id, consistent_read=True))


def outcomes(made: make.Person) -> list[tuple[str, str]]:
    """List the kinds and outcomes of a person's journal, oldest first."""
    return [(one.kind, one.outcome) for one in acts(made)]


def raw(model: type[Table]) -> str:
    """Write down everything that a table holds, as it is stored."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=model.Meta.table_name)
    return "\n".join(str(one) for page in pages for one in page["Items"])


def changes(world: World, snils: str) -> list[dict[str, Any]]:
    """List the fields of the changes that the register has taken for one person."""
    return [one["fields"] for one in world.register.changes() if one["snils"] == snils]


def check(world: World, made: make.Person) -> make.Answer:
    """Press «Проверить данные»."""
    return world.client.call("check_profile", by=made, match=profile(made).etag)


def change(world: World, made: make.Person, **fields: Any) -> make.Answer:
    """Save fields of the profile."""
    return world.client.call("change_profile", fields, by=made, match=profile(made).etag)


def start(world: World, made: make.Person, channel: str = "sms", **fields: Any) -> make.Answer:
    """Begin a change of contacts."""
    body = {"channel": channel} | fields
    return world.client.call("start_contact_change", body, by=made, match=contacts_tag(made))


def send(effect: Effect) -> str:
    """Write an effect into the outbox, as a transaction does, and return its identifier."""
    row = outbox.row(effect, "trace")
    row.save()
    return str(row.effect_id)


def row(effect_id: str) -> Outbox:
    """Read a row of the outbox."""
    return Outbox.get(effect_id, consistent_read=True)


def rows(channel: str) -> list[Outbox]:
    """List the outbox rows of a channel, oldest first."""
    return sorted((one for one in Outbox.scan() if one.channel == channel), key=lambda one: str(one.effect_id))


def lose_the_stream(world: World) -> None:
    """Lose what the outbox's stream has not brought yet."""
    world.engine.take_stream(Outbox.Meta.table_name)


def waiting(channel: str) -> int:
    """Count the messages in a queue, seen or not."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=settings.queue(channel))["QueueUrl"]
    kinds = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=kinds)["Attributes"].values()))


def persist(world: World, effect_id: str) -> list[int]:
    """Let time pass until an effect is settled; returns the attempts counted after each round."""
    counted = []
    for _ in range(20):
        world.pump.drain()
        found = row(effect_id)
        counted.append(int(found.attempts))
        if found.state != "pending":
            break
        clock.advance(LONG_ENOUGH)
    return counted


def is_recent(moment: str) -> bool:
    """Tell whether a moment, as answers write it, is the present one or a few seconds old."""
    return clock.moment(clock.epoch() - 5) <= moment <= clock.moment(clock.epoch())


def begin_period(seconds: int) -> None:
    """Move the clock to the beginning of the next period of so many seconds, in which calls are counted."""
    clock.advance(seconds - clock.now().timestamp() % seconds + 1)
