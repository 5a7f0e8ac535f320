"""The electronic confirmation as a PDF that keeps."""

from io import BytesIO

import make
import papers
import pytest
from conftest import World
from pypdf import PdfReader

from chalicelib.kit import identifiers
from chalicelib.profile.tables import Confirmation

ODD = "Терапия #set $x$ [a] \\ \"к\" 'м' *ж* _п_ `к` @с <б> //"


def confirmed(world: World, **changes: object) -> tuple[make.Person, str]:
    """Make a worker with one confirmation and return its number."""
    worker = papers.doctor(world, papers.registered(world, **changes))
    papers.check(world, worker)
    return worker, str(papers.confirmations(worker)[0].confirmation_id)


def example(world: World) -> make.Example:
    """Return a valid request."""
    by, number = confirmed(world)
    return make.Example(by=by, path_values={"confirmation_id": number})


def read(answer: make.Answer) -> PdfReader:
    """Open the file of an answer."""
    return PdfReader(BytesIO(answer.raw), strict=True)


def words(answer: make.Answer) -> str:
    """Return the text of the file without any spaces, since lines are broken anywhere."""
    return "".join("".join(page.extract_text() for page in read(answer).pages).split())


def test_without_a_token_no_confirmation_is_given(world: World) -> None:
    """A call without a token is told to sign in."""
    answer = world.client.call("download_confirmation", confirmation_id=confirmed(world)[1])
    assert (answer.status, answer.code) == (401, "not-signed-in")


def test_an_officer_of_the_staff_department_gets_no_confirmation(world: World) -> None:
    """Only the role of a worker downloads it."""
    answer = world.client.call("download_confirmation", by=make.hr(), confirmation_id=confirmed(world)[1])
    assert (answer.status, answer.code) == (403, "role-not-allowed")


def test_a_claimed_person_gets_no_confirmation(world: World) -> None:
    """Who is not proven yet has nothing confirmed."""
    claimed = papers.doctor(world, assurance="claimed")
    answer = world.client.call("download_confirmation", by=claimed, confirmation_id=confirmed(world)[1])
    assert (answer.status, answer.code) == (403, "identity-not-confirmed")


@pytest.mark.parametrize("made_up", [True, False])
def test_a_confirmation_of_another_is_not_found(world: World, *, made_up: bool) -> None:
    """Another's number and a made-up one get the same answer."""
    number = "cnf_" + "0" * 32 if made_up else confirmed(world)[1]
    answer = world.client.call("download_confirmation", by=papers.doctor(world), confirmation_id=number)
    assert (answer.status, answer.code) == (404, "not-found")


def test_the_file_names_person_number_and_date_in_cyrillic(world: World) -> None:
    """It opens strictly, is one page, and says whose data agreed and under which number."""
    worker, number = confirmed(world)
    answer = world.client.call("download_confirmation", by=worker, confirmation_id=number)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{number}.pdf"'
    assert len(read(answer).pages) == 1
    text = words(answer)
    shown = ("ВоробьёваАлёнаСемёновна", identifiers.show_snils(worker.snils).replace(" ", ""), number, "02.04.1985")
    assert all(one in text for one in shown)
    assert all(one in text for one in ("1042", "Терапия", "первая", papers.LICENCE, papers.INN))
    assert "None" not in text


def test_the_file_is_made_to_last(world: World) -> None:
    """It says of itself that it is PDF/A-2b, carries its fonts and has a title in Russian."""
    worker, number = confirmed(world)
    made = read(world.client.call("download_confirmation", by=worker, confirmation_id=number))
    assert made.xmp_metadata is not None
    marks = made.xmp_metadata.stream.get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in marks
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in marks
    assert made.metadata is not None
    assert made.metadata.title == "Электронное подтверждение данных"


def test_signs_of_the_typesetter_come_out_as_written(world: World) -> None:
    """Values are data: no markup, no code, no typographic quotes."""
    worker, number = confirmed(world, specialities=[ODD])
    answer = world.client.call("download_confirmation", by=worker, confirmation_id=number)
    assert answer.status == 200
    assert "".join(ODD.split()) in words(answer)


def test_a_name_of_the_greatest_length_fits_the_page(world: World) -> None:
    """The longest name of the sandbox and a speciality of 200 letters stay on one page, uncut."""
    known = papers.noted(world, "очень длинные фамилия и имя")
    speciality = "Щ" * 200
    known |= {"snils": make.valid_snils("555666777"), "specialities": [speciality]}
    worker = papers.doctor(world, papers.registered(world, **known))
    papers.check(world, worker)
    number = str(papers.confirmations(worker)[0].confirmation_id)
    answer = world.client.call("download_confirmation", by=worker, confirmation_id=number)
    assert len(read(answer).pages) == 1
    assert words(answer).count("Щ") == 200
    assert "Нововоскресенская-Старобогоявленская" in words(answer).replace("\u00ad", "")


def test_a_confirmation_never_changes(world: World) -> None:
    """It shows the data of its day, whatever the profile says later; stored, it shows nothing."""
    worker, number = confirmed(world)
    papers.change(world, worker, last_name="Лебедева")
    answer = world.client.call("download_confirmation", by=worker, confirmation_id=number)
    assert "Воробьёва" in words(answer)
    stored = papers.raw(Confirmation)
    assert not any(value in stored for value in ("Воробьёва", worker.snils, papers.INN))


def test_a_download_and_a_vain_one_stand_in_the_journal(world: World) -> None:
    """The record names the confirmation; a refusal names its code."""
    worker, number = confirmed(world)
    world.client.call("download_confirmation", by=worker, confirmation_id=number)
    world.client.call("download_confirmation", by=worker, confirmation_id="cnf_0")
    done, refused = papers.acts(worker)[1:]
    assert (done.kind, done.outcome, done.objects) == ("confirmation.downloaded", "done", [number])
    assert (refused.outcome, refused.objects) == ("not-found", [])
