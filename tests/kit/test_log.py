"""Lines of the log hold named facts only, also those of errors."""

import json

import pytest

from chalicelib.kit import log


def test_a_fact_that_is_not_on_the_list_gets_into_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither an event nor an error may carry it, and nothing is written."""
    with pytest.raises(ValueError, match="phone"):
        log.event("answered", "trace", phone="+79160000000")
    with pytest.raises(ValueError, match="phone"):
        log.failure("unexpected", "trace", RuntimeError(), phone="+79160000000")
    assert capsys.readouterr().out == ""


def test_an_error_is_written_with_its_facts_and_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """Its type and its path are enough; a message may quote what a person typed."""
    log.failure("journal-tampered", "trace", ValueError("112-233-445 95"), record="rec_0", seal=3, state="x")
    said = json.loads(capsys.readouterr().out)
    assert (said["error"], said["record"], said["seal"]) == ("ValueError", "rec_0", 3)
    assert "112-233" not in str(said)
