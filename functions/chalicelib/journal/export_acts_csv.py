"""One's own acts as a table for any program."""

import csv
import io
from datetime import datetime

from chalicelib.journal.rules import COLUMNS, last_line, row
from chalicelib.journal.schemas import ExportQuery, exported
from chalicelib.journal.tables import MOSCOW
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Query
from chalicelib.kit.declare import operation
from chalicelib.kit.trail.tables import JournalRecord


@operation(
    "GET /v1/journal/acts.csv",
    allow=EVERYBODY,
    reads=[Query(JournalRecord), Query(JournalRecord.by_kind)],
    audit="journal.exported",
    media="text/csv; charset=utf-8",
    timeout=20,
)
def export_acts_csv(call: Call, query: ExportQuery) -> bytes:
    """Скачать свой журнал действий в CSV."""
    acts, more = exported(call, query, "csv")
    text = io.StringIO(newline="")
    # Excel in Russian splits columns by semicolons and knows UTF-8 by the mark at the beginning.
    sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
    sheet.writerow([title for title, _ in COLUMNS])
    sheet.writerows([_shown(cell) for cell in row(act, MOSCOW)] for act in acts)
    if more:
        sheet.writerow([last_line(len(acts))])
    return text.getvalue().encode("utf-8-sig")


def _shown(cell: datetime | str) -> str:
    return f"{cell:%d.%m.%Y %H:%M:%S}" if isinstance(cell, datetime) else cell
