"""One's own acts as a workbook of Excel."""

from io import BytesIO

from chalicelib.journal.rules import COLUMNS, last_line, row
from chalicelib.journal.schemas import Act, ExportQuery, exported
from chalicelib.journal.tables import MOSCOW
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.trail.tables import JournalRecord


@operation(
    "GET /v1/journal/acts.xlsx",
    allow=EVERYBODY,
    reads=[Query(JournalRecord), Query(JournalRecord.by_kind)],
    audit="journal.exported",
    media="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    memory=512,
    timeout=20,
)
def export_acts_xlsx(call: Call, query: ExportQuery) -> bytes:
    """Скачать свой журнал действий в Excel."""
    acts, more = exported(call, query, "xlsx")
    return workbook(acts, more=more)


def workbook(acts: list[Act], *, more: bool) -> bytes:
    """Write acts as one sheet; its first row stays in sight."""
    import openpyxl  # type: ignore[import-untyped] # noqa: PLC0415 - no types; heavy, and only this function needs it

    lines = [row(act, MOSCOW) for act in acts]
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Журнал действий")
    sheet.freeze_panes = "A2"
    for number, (_, width) in enumerate(COLUMNS, 1):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(number)].width = width
    heads = [openpyxl.cell.WriteOnlyCell(sheet, value=title) for title, _ in COLUMNS]
    for head in heads:
        head.font = openpyxl.styles.Font(bold=True)
    sheet.append(heads)
    for moment, *texts in lines:
        when = openpyxl.cell.WriteOnlyCell(sheet, value=moment)
        when.number_format = "dd.mm.yyyy hh:mm:ss"
        sheet.append([when, *texts])
    if more:
        sheet.append([last_line(len(acts))])
    file = BytesIO()
    book.save(file)
    return file.getvalue()
