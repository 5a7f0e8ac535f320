"""One's own acts as a workbook, read back by openpyxl and, part by part, by a plain XML parser."""

import re
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import logs
import make
import openpyxl  # type: ignore[import-untyped] # it publishes no types
import papers
import pytest
from conftest import World
from werkzeug.test import EnvironBuilder

from chalicelib.journal.rules import COLUMNS
from chalicelib.kit import clock
from infra.local.gateway import GatewayRequest, forward

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def example(world: World) -> make.Example:
    """Return a valid request."""
    by = papers.doctor(world)
    world.client.call("read_profile", by=by)
    return make.Example(by=by)


def export(world: World, by: make.Person, **query: Any) -> make.Answer:
    """Download a file."""
    answer = world.client.call("export_acts_xlsx", by=by, query=query or None)
    assert answer.status == 200, answer.raw
    return answer


def rows(answer: make.Answer) -> list[tuple[Any, ...]]:
    """Read the one sheet; its heading is left out."""
    (sheet,) = openpyxl.load_workbook(BytesIO(answer.raw)).worksheets
    return list(sheet.iter_rows(values_only=True))[1:]


def part(answer: make.Answer, name: str) -> ET.Element:
    """Parse one part of the workbook without any library of workbooks."""
    with zipfile.ZipFile(BytesIO(answer.raw)) as book:
        assert book.testzip() is None
        return ET.fromstring(book.read(name))  # noqa: S314 - our own file


def cells(answer: make.Answer) -> dict[str, tuple[str | None, str]]:
    """Return kind and text of every cell by its place, as the raw parts say."""
    found = {}
    for cell in part(answer, "xl/worksheets/sheet1.xml").iter(f"{MAIN}c"):
        found[str(cell.get("r"))] = (cell.get("t"), "".join(cell.itertext()))
    return found


def test_without_a_token_nothing_is_exported(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("export_acts_xlsx")
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_a_claimed_person_exports_nothing(world: World) -> None:
    """Who is not proven yet deals with his draft profile only."""
    answer = world.client.call("export_acts_xlsx", by=papers.doctor(world, assurance="claimed"))
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


@pytest.mark.parametrize(("name", "value"), [("until", "2026-13-01"), ("limit", "5"), ("cursor", "")])
def test_a_wrong_filter_is_named(world: World, name: str, value: str) -> None:
    """Each has its pointer."""
    answer = world.client.call("export_acts_xlsx", by=papers.doctor(world), query={name: value})
    assert (answer.status, [one["pointer"] for one in answer.json["errors"]]) == (422, [f"/{name}"])


def test_another_persons_cursor_is_refused(world: World) -> None:
    """A cursor goes on for its owner only."""
    worker, other = papers.doctor(world), papers.doctor(world)
    logs.fill(worker.person_id, 2001)
    cursor = export(world, worker).headers["Cabinet-Next-Cursor"]
    answer = world.client.call("export_acts_xlsx", by=other, query={"cursor": cursor})
    assert (answer.status, answer.code) == (400, "invalid-cursor")


def test_2500_records_come_in_two_files_each_once(world: World) -> None:
    """The first says in its last line and in a header that there is more; the second ends; each took three trips."""
    worker = papers.doctor(world)
    written = logs.fill(worker.person_id, 2500)
    world.trips.start()
    first = export(world, worker)
    assert world.trips.count("dynamodb") == 3
    *shown, last = rows(first)
    assert len(shown) == 2000
    assert last[0].startswith("Показаны не все записи: в этом файле их 2000")
    assert set(last[1:]) == {None}
    second = export(world, worker, cursor=first.headers["Cabinet-Next-Cursor"])
    assert "Cabinet-Next-Cursor" not in second.headers
    assert [one[-1] for one in shown + rows(second)] == written


def test_one_kind_is_exported_alone(world: World) -> None:
    """The filter of the list is the filter of the file."""
    worker = papers.doctor(world)
    world.client.call("read_profile", by=worker)
    world.client.call("read_contacts", by=worker)
    assert [one[-2] for one in rows(export(world, worker, kind="contacts.read"))] == ["contacts.read"]


def test_no_cell_is_a_formula(world: World) -> None:
    """Devices named like formulas are strings in the raw sheet, with an apostrophe before them."""
    worker = papers.doctor(world)
    devices = ["=1+1", "+7", "-2", "@SUM(A1)", "\tx", "\rx", "a\x01b"]
    for number, device in enumerate(devices):
        origin = worker.key.seal("session/origin", {"address": "203.0.113.7", "device": device})
        logs.record(worker.person_id, number=number, origin=origin).save()
    answer = export(world, worker)
    sheet = part(answer, "xl/worksheets/sheet1.xml")
    assert list(sheet.iter(f"{MAIN}f")) == []
    shown = [cells(answer)[f"I{row}"] for row in range(2, 2 + len(devices))]
    wanted = [f"'{one}".replace("\r", "\n") for one in devices[:-1]] + ["ab"]  # XML knows one kind of line end
    assert shown == [("inlineStr", one) for one in reversed(wanted)]


def test_times_are_dates_of_moscow_that_can_be_sorted(world: World) -> None:
    """21:30:05 UTC is 00:30:05 of the next day; the cell is a real date, shown as people write it."""
    worker = papers.doctor(world)
    logs.record(worker.person_id, datetime(2026, 11, 21, 21, 30, 5, tzinfo=UTC)).save()
    answer = export(world, worker, since="2026-11-22", until="2026-11-22")
    (sheet,) = openpyxl.load_workbook(BytesIO(answer.raw)).worksheets
    assert sheet["A2"].value == datetime(2026, 11, 22, 0, 30, 5)  # noqa: DTZ001 - cells know no zones
    assert sheet["A2"].number_format == "dd.mm.yyyy hh:mm:ss"
    kind, text = cells(answer)["A2"]
    assert kind == "n"
    assert float(text) == pytest.approx(46348.020891, abs=1e-5)
    assert "московское время" in sheet["A1"].value


def test_the_raw_parts_make_a_sheet_with_a_frozen_russian_heading(world: World) -> None:
    """By a plain XML parser: one sheet, its first row frozen, columns of their widths, headings as strings."""
    worker = papers.doctor(world)
    world.client.call("read_profile", by=worker)
    answer = export(world, worker)
    (sheet,) = part(answer, "xl/workbook.xml").iter(f"{MAIN}sheet")
    assert sheet.get("name") == "Журнал действий"
    xml = part(answer, "xl/worksheets/sheet1.xml")
    (pane,) = xml.iter(f"{MAIN}pane")
    assert (pane.get("state"), pane.get("ySplit"), pane.get("topLeftCell")) == ("frozen", "1", "A2")
    assert [float(str(one.get("width"))) for one in xml.iter(f"{MAIN}col")] == [width for _, width in COLUMNS]
    found = cells(answer)
    heads = [found[f"{letter}1"] for letter in "ABCDEFGHIJK"]
    assert heads == [("inlineStr", title) for title, _ in COLUMNS]
    assert found["B2"] == ("inlineStr", "Показать свой профиль")


def test_the_file_is_named_and_typed(world: World) -> None:
    """A plain ASCII name with the day; the type that Excel knows."""
    answer = export(world, papers.doctor(world))
    name = re.fullmatch(r'attachment; filename="([ -~]+)"', answer.headers["Content-Disposition"])
    assert name is not None
    assert name[1] == f"journal-{clock.today()}.xlsx"
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")


def test_the_gateway_hands_the_file_on_byte_by_byte(world: World) -> None:
    """By its real address, through the local gateway, comes a workbook that opens."""
    worker = papers.doctor(world)
    world.client.call("read_profile", by=worker)
    address = {"path": "/v1/journal/acts.xlsx", "headers": {"Authorization": f"Bearer {worker.token}"}}
    environ = EnvironBuilder(**address, query_string={"kind": "profile.read"}).get_environ()  # type: ignore[arg-type]
    response = forward(world.client.app, GatewayRequest(environ | {"RAW_URI": address["path"]}))
    assert response.status_code == 200
    assert response.headers["Content-Type"].endswith("spreadsheetml.sheet")
    (sheet,) = openpyxl.load_workbook(BytesIO(response.get_data())).worksheets
    assert sheet.max_row == 2


def test_an_export_is_in_the_journal(world: World) -> None:
    """With its outcome, as any act."""
    worker = papers.doctor(world)
    export(world, worker)
    world.client.call("export_acts_xlsx", by=worker, query={"cursor": "AAAA"})
    assert papers.outcomes(worker) == [("journal.exported", "done"), ("journal.exported", "invalid-cursor")]
