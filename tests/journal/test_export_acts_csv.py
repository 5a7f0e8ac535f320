"""One's own acts as CSV: what a spreadsheet, and nobody else, may make of them."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import logs
import make
import papers
import pytest
from conftest import World

from chalicelib.kit import clock
from chalicelib.kit.vault import OwnerKey

WHEN, DONE, OUTCOME, ROLE, ORGANISATION, FIELDS, OBJECTS, ADDRESS, DEVICE, KIND, NUMBER = range(11)


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    world.client.call("read_profile", by=by)
    return make.Example(by=by)


def export(world: World, by: make.Person, **query: Any) -> make.Answer:
    """Download a file."""
    answer = world.client.call("export_acts_csv", by=by, query=query or None)
    assert answer.status == 200, answer.raw
    return answer


def rows(answer: make.Answer) -> list[list[str]]:
    """Read a file as any program that knows RFC 4180 does; its heading is left out."""
    assert answer.raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.raw.decode("utf-8-sig"), newline=""), delimiter=";", strict=True))[1:]


def test_without_a_token_nothing_is_exported(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("export_acts_csv")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_claimed_person_exports_nothing(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = world.client.call("export_acts_csv", by=papers.doctor(world, assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


@pytest.mark.parametrize(("name", "value"), [("since", "22.11.2026"), ("limit", "5"), ("kind", "вид"), ("cursor", "")])
def test_a_wrong_filter_is_named(world: World, name: str, value: str) -> None:
    """Each has its pointer; the size of a file is not to be chosen."""
    answer = world.client.call("export_acts_csv", by=papers.doctor(world), query={name: value})
    assert (answer.status, [one["pointer"] for one in answer.json["errors"]]) == (422, [f"/{name}"])


def test_a_cursor_serves_only_its_owner_and_its_question(world: World) -> None:
    """Another's cursor, one of another filter and one of the other kind of file are refused."""
    worker, other = papers.doctor(world), papers.doctor(world)
    logs.fill(worker.person_id, 2001)
    cursor = export(world, worker).headers["Cabinet-Next-Cursor"]
    foreign = world.client.call("export_acts_csv", by=other, query={"cursor": cursor})
    assert (foreign.status, foreign.code) == (400, "invalid-cursor")
    for name, query in (("export_acts_csv", {"kind": "profile.changed"}), ("export_acts_xlsx", {})):
        refused = world.client.call(name, by=worker, query={"cursor": cursor} | query)
        assert refused.code == "invalid-cursor"


def test_2500_records_come_in_two_files_each_once(world: World) -> None:
    """The first says in its last line and in a header that there is more; the second ends; each took three trips."""
    worker = papers.doctor(world)
    written = logs.fill(worker.person_id, 2500)
    world.trips.start()
    first = export(world, worker)
    assert world.trips.count("dynamodb") == 3
    *shown, last = rows(first)
    assert (len(shown), len(last)) == (2000, 1)
    assert last[0].startswith("Показаны не все записи: в этом файле их 2000")
    second = export(world, worker, cursor=first.headers["Cabinet-Next-Cursor"])
    assert "Cabinet-Next-Cursor" not in second.headers
    assert [one[NUMBER] for one in shown + rows(second)] == written


def test_records_over_a_megabyte_take_more_files_and_no_more_trips(world: World) -> None:
    """The store answers with 1 MB at most; the file ends there, says so, and nothing is lost or doubled."""
    worker = papers.doctor(world)
    written = logs.fill(worker.person_id, 600, objects=["x" * 2000])
    seen: list[str] = []
    cursor: str | None = ""
    files = 0
    while cursor is not None:
        world.trips.start()
        answer = export(world, worker, kind="profile.changed", **({"cursor": cursor} if cursor else {}))
        assert world.trips.count("dynamodb") == 3
        cursor, files = answer.headers.get("Cabinet-Next-Cursor"), files + 1
        seen += [one[NUMBER] for one in rows(answer) if len(one) > 1]
    assert (seen, files) == (written, 2)


def test_a_cell_that_looks_like_a_formula_is_made_text(world: World) -> None:
    """A device named like a formula, and signs that break a row, arrive as plain text in one cell."""
    worker = papers.doctor(world)
    devices = [
        "=1+1",
        "+7",
        "-2",
        "@SUM(A1)",
        "\tx",
        "\rx",
        '=HYPERLINK("http://evil";"x")',
        'say "a"; b\r\nc',
        "Firefox",
    ]
    for number, device in enumerate(devices):
        origin = worker.key.seal("session/origin", {"address": "203.0.113.7", "device": device})
        logs.record(worker.person_id, number=number, origin=origin).save()
    shown = [one[DEVICE] for one in reversed(rows(export(world, worker)))]
    assert shown == [one if one[0] in "sF" else f"'{one}" for one in devices]


def test_times_are_moscow_times_as_people_write_them(world: World) -> None:
    """A record of 21:30:05 UTC is of the next day in Moscow, and belongs to that day's period."""
    worker = papers.doctor(world)
    logs.record(worker.person_id, datetime(2026, 11, 21, 21, 30, 5, tzinfo=UTC)).save()
    answer = export(world, worker, since="2026-11-22", until="2026-11-22")
    assert [one[WHEN] for one in rows(answer)] == ["22.11.2026 00:30:05"]
    assert answer.raw.decode("utf-8-sig").startswith("Когда (московское время, UTC+3);")
    assert rows(export(world, worker, until="2026-11-21")) == []


def test_everything_is_told_in_russian(world: World) -> None:
    """What was done, with what outcome, in what role, which fields; where from only if it is known."""
    worker = papers.doctor(world)
    papers.change(world, worker, last_name="Лебедева")
    world.client.call("change_profile", {"inn": None}, by=worker, match='"9"')
    stale, done = rows(export(world, worker))
    assert done[DONE : FIELDS + 1] == [
        "Изменить личные и профессиональные данные",
        "сделано",
        "медицинский работник",
        "",
        "Фамилия",
    ]
    assert stale[OUTCOME] == "отказ: Запись уже изменилась"
    assert (done[ADDRESS], done[DEVICE], done[KIND]) == (make.USUAL_ADDRESS, "", "profile.changed")


def test_unknown_names_are_shown_as_they_are(world: World) -> None:
    """An operation that is no more, a field nobody names and a role of the past do not spoil the file."""
    worker = papers.doctor(world)
    facts: dict[str, Any] = {
        "operation": "gone",
        "kind": "old.kind",
        "outcome": "odd",
        "role": "former",
        "fields": ["f"],
    }
    logs.record(worker.person_id, **facts).save()
    (shown,) = rows(export(world, worker))
    assert shown[DONE : FIELDS + 1] == ["old.kind", "odd", "former", "", "f"]


def test_what_a_former_key_sealed_is_not_kept(world: World) -> None:
    """Records from before the account began again show no place; the others do."""
    worker = papers.doctor(world)
    former = OwnerKey.new(worker.person_id).seal("session/origin", {"address": "203.0.113.7", "device": "x"})
    logs.record(worker.person_id, number=1, origin=former).save()
    logs.record(worker.person_id, number=0).save()
    assert [one[ADDRESS : DEVICE + 1] for one in rows(export(world, worker))] == [["не сохранилось"] * 2] * 2


def test_a_file_holds_ones_own_acts_only(world: World) -> None:
    """What others did with one's data is not in it; neither are others' acts."""
    worker, hr = papers.doctor(world), make.hr()
    world.client.call("read_worker", by=hr, person_id=worker.person_id)
    assert rows(export(world, worker)) == []
    assert [one[KIND] for one in rows(export(world, hr))] == ["worker.read"]


def test_the_file_is_named_and_typed(world: World) -> None:
    """A plain ASCII name with the day, UTF-8, never cached."""
    answer = export(world, papers.doctor(world))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="journal-{clock.today()}.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_export_is_in_the_journal(world: World) -> None:
    """With its outcome, as any act."""
    worker = papers.doctor(world)
    export(world, worker)
    world.client.call("export_acts_csv", by=worker, query={"cursor": "AAAA"})
    assert papers.outcomes(worker) == [("journal.exported", "done"), ("journal.exported", "invalid-cursor")]
