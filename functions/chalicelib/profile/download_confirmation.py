"""An electronic confirmation as a PDF, made from what was sealed on that day."""

import json
from datetime import datetime
from pathlib import Path

from chalicelib.kit import identifiers
from chalicelib.kit.access import Own, Role
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import PDF
from chalicelib.kit.declare import operation
from chalicelib.kit.tables import Get
from chalicelib.kit.vault import OwnerKey
from chalicelib.profile.rules import FIELD_NAMES
from chalicelib.profile.schemas import Statement
from chalicelib.profile.tables import Confirmation

SHOWN = ("personnel_number", "speciality", "qualification", "licence_number", "inn", "organisation_ogrn", "ogrnip")


@operation(
    "GET /v1/profile/confirmations/{confirmation_id}/file",
    allow={Role.WORKER: Own()},
    reads=[Confirmation],
    uses=[PDF],
    audit="confirmation.downloaded",
    media="application/pdf",
    memory=512,
    timeout=20,
)
def download_confirmation(call: Call, confirmation_id: str) -> bytes:
    """Скачать электронное подтверждение в PDF."""
    found = call.read(Get(Confirmation, call.actor.person_id, confirmation_id))
    key = OwnerKey(found.person_id, found.wrapped_key)
    statement = key.open(f"confirmation/{confirmation_id}", found.sealed, Statement)
    call.note(objects=[confirmation_id])
    call.headers["Content-Disposition"] = f'attachment; filename="{confirmation_id}.pdf"'
    return render(statement)


def render(statement: Statement) -> bytes:
    """Typeset a statement; values go in as data, never as markup."""
    import typst  # noqa: PLC0415 - 85 MB that only this function carries

    data = statement.data
    name = " ".join(filter(None, (data.last_name, data.first_name, data.middle_name)))
    rows = [("ФИО", name), ("СНИЛС", identifiers.show_snils(data.snils))]
    rows.append(("Дата рождения", f"{data.birth_date:%d.%m.%Y}"))
    rows += [(FIELD_NAMES[field], str(getattr(data, field))) for field in SHOWN if getattr(data, field) is not None]
    shown_at = f"{datetime.fromisoformat(statement.made_at):%d.%m.%Y в %H:%M}"
    inputs = {"number": statement.number, "made_at": statement.made_at, "shown_at": shown_at}
    inputs["rows"] = json.dumps(rows, ensure_ascii=False)
    pdf: bytes = typst.compile(Path(__file__).parent / "data/confirmation.typ", sys_inputs=inputs, pdf_standards="a-2b")
    return pdf
