"""Trust is data: empty in the release, the operator's own file where one is named, and never half read."""

import base64
import json
from pathlib import Path

import msgspec
import papers_of_signature as papers
import pytest

from chalicelib.signatures import schemas
from chalicelib.signatures.schemas import trusted_authorities


def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    """Name a file with this content as the list."""
    file = tmp_path / "trusted.json"
    file.write_text(content, encoding="utf-8")
    monkeypatch.setenv("CABINET_TRUST_FILE", str(file))


def rows(certificate: bytes, **more: str) -> str:
    """Write a list of one authority."""
    row = {"name": "УЦ", "certificate": base64.b64encode(certificate).decode(), "source": "тест"} | more
    return json.dumps({"authorities": [row]})


def test_a_list_that_cannot_be_read_stops_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No JSON, another field, no base64, no certificate, a certificate of no authority: an error, not an empty list."""
    person = papers.usual_ca().certificate()
    wrong = [
        "",
        "[]",
        "{}",
        rows(b"x"),
        rows(person.der),
        rows(b"").replace('"certificate": ""', '"certificate": "*"'),
        rows(papers.usual_ca().der, till="2026"),
    ]
    for number, content in enumerate(wrong):
        place = tmp_path / str(number)
        place.mkdir()
        written(monkeypatch, place, content)
        with pytest.raises((ValueError, msgspec.MsgspecError)):
            trusted_authorities()


def test_a_missing_file_stops_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name that leads nowhere is a mistake of the operator, not an empty list."""
    monkeypatch.setenv("CABINET_TRUST_FILE", str(tmp_path / "nothing.json"))
    with pytest.raises(FileNotFoundError):
        trusted_authorities()


def test_the_release_trusts_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of the release is empty and says in Russian how it is filled."""
    monkeypatch.delenv("CABINET_TRUST_FILE", raising=False)
    assert trusted_authorities() == ()
    file = Path(schemas.__file__).parent / "data/trusted_authorities.json"
    assert "CABINET_TRUST_FILE" in json.loads(file.read_text(encoding="utf-8"))["how_to_fill"]


def test_the_operators_file_is_the_list_and_is_read_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Authorities of all kinds of keys; the second asking reads nothing."""
    ca = papers.usual_ca("gost-256-A")
    written(monkeypatch, tmp_path, rows(ca.der))
    assert [one.der for one in trusted_authorities()] == [ca.der]
    (tmp_path / "trusted.json").unlink()
    assert [one.der for one in trusted_authorities()] == [ca.der]
