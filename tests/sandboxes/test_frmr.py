"""The sandbox of the register of medical workers: its people and its contract."""

import json
import re
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.sandboxes.frmr import FrmrSandbox

TODAY = "2026-11-22"
HOSPITAL = "1.2.643.5.1.13.13.12.2.77.9001"
SEARCH = "/frmr/v1/workers/search"
CHANGES = "/frmr/v1/workers/changes"
PEOPLE: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "infra" / "sandboxes" / "frmr_people.json").read_text(encoding="utf-8")
)
PLAIN = PEOPLE[0]
UNKNOWN = "11223344595"  # a valid СНИЛС of nobody here
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def sandbox() -> Iterator[FrmrSandbox]:
    """Give a sandbox that is stopped after the test."""
    made = FrmrSandbox()
    yield made
    made.stop()


@pytest.fixture
def base(sandbox: FrmrSandbox) -> str:
    """Start the sandbox and give its address."""
    return sandbox.start()


def call(
    url: str, body: object, *, key: str | None = "sandbox", method: str = "POST", request_id: str = "r-1"
) -> tuple[int, dict[str, Any]]:
    """Send a body (bytes as they are, others as JSON); give the status and the answer, and check the echoed id."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "X-Request-Id": request_id}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with OPENER.open(request, timeout=5) as answer:
            status, echoed, text = answer.status, answer.headers["X-Request-Id"], answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            status, echoed, text = refusal.code, refusal.headers["X-Request-Id"], refusal.read()
    assert echoed == request_id
    return status, json.loads(text)


def snils_is_right(value: str) -> bool:
    """Check a СНИЛС by the published rule."""
    if not re.fullmatch(r"[0-9]{11}", value) or value[:9] == "000000000":
        return False
    if int(value[:9]) <= 1001998:
        return True
    total = 0
    for place in range(9):
        total += int(value[place]) * (9 - place)
    rest = total % 101
    return int(value[9:]) == (0 if rest == 100 else rest)


def inn_is_right(value: str) -> bool:
    """Check both digits of a person's ИНН."""
    if not re.fullmatch(r"[0-9]{12}", value):
        return False
    eleventh = sum(int(d) * w for d, w in zip(value, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8), strict=False))
    twelfth = sum(int(d) * w for d, w in zip(value, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8), strict=False))
    return value[10:] == f"{eleventh % 11 % 10}{twelfth % 11 % 10}"


def ogrnip_is_right(value: str) -> bool:
    """Check an ОГРНИП: the last digit of the remainder by 13."""
    return bool(re.fullmatch(r"3[0-9]{14}", value)) and int(value[:14]) % 13 % 10 == int(value[14])


def plain_e(text: str) -> str:
    """Write е for ё."""
    return text.replace("ё", "е").replace("Ё", "Е")


def initials(worker: dict[str, Any]) -> tuple[str, str, str]:
    """Give surname and initials with е for ё."""
    return plain_e(worker["last_name"]), worker["first_name"][0], (worker["middle_name"] or " ")[0]


def full_name(worker: dict[str, Any]) -> tuple[Any, ...]:
    """Give surname, name and patronymic as written."""
    return worker["last_name"], worker["first_name"], worker["middle_name"]


def test_the_checks_know_right_from_wrong() -> None:
    """The test's own checksum rules agree with known vectors."""
    assert all(map(snils_is_right, ("11223344595", "08765430300", "30025146900", "21204338300", "00000060006")))
    assert not any(map(snils_is_right, ("11223344596", "00100199900", "08765430301", "1122334459", "00000000000")))
    assert all(map(inn_is_right, ("500100732259", "585204118212")))
    assert not inn_is_right("500100732250")
    assert all(map(ogrnip_is_right, ("315850060115169", "304500518190930", "304500757491182")))
    assert not any(map(ogrnip_is_right, ("315850060115160", "415850060115169")))


def test_every_identifier_is_valid_and_unique() -> None:
    """Checksums of СНИЛС, ИНН and ОГРНИП hold, and no number belongs to two people."""
    assert len(PEOPLE) >= 50
    assert [w["last_name"] for w in PEOPLE if not snils_is_right(w["snils"])] == []
    assert [w["last_name"] for w in PEOPLE if w["inn"] is not None and not inn_is_right(w["inn"])] == []
    assert [w["last_name"] for w in PEOPLE if w["ogrnip"] is not None and not ogrnip_is_right(w["ogrnip"])] == []
    for field in ("snils", "inn", "ogrnip"):
        numbers = [w[field] for w in PEOPLE if w[field] is not None]
        assert len(numbers) == len(set(numbers)), field
    records = [a["number"] for w in PEOPLE for a in w["accreditations"]]
    assert len(records) == len(set(records))


def test_every_card_has_the_promised_shape() -> None:
    """Keys, forms and dates are as the contract says."""
    keys = "snils last_name first_name middle_name birth_date inn ogrnip cards specialities qualification"
    card_keys = "organisation_id organisation_name licence_number position employment_kind personnel_number since until"
    for worker in PEOPLE:
        assert set(worker) == {*keys.split(), "accreditations", "note"}
        assert worker["note"]
        assert worker["qualification"] in {None, "высшая", "первая", "вторая"}
        assert "1940-01-01" < date.fromisoformat(worker["birth_date"]).isoformat() < "2006-01-01"
        for card in worker["cards"]:
            assert set(card) == set(card_keys.split())
            assert re.fullmatch(r"1\.2\.643\.5\.1\.13\.13\.12\.2\.77\.[0-9]{4}", card["organisation_id"])
            assert re.fullmatch(r"Л041-[0-9]{5}-77/[0-9]{8}", card["licence_number"])
            assert card["employment_kind"] in {1, 2, 3, 4}
            assert card["personnel_number"] is None or re.fullmatch(r"[0-9А-Я-]{1,20}", card["personnel_number"])
            assert worker["birth_date"] < date.fromisoformat(card["since"]).isoformat()
            assert card["until"] is None or card["since"] < date.fromisoformat(card["until"]).isoformat()
        for record in worker["accreditations"]:
            assert set(record) == {"number", "speciality", "passed", "valid_to"}
            assert record["speciality"] in worker["specialities"]
            assert re.fullmatch(rf"77{record['passed'][2:4]} [0-9]{{9}}", record["number"])
            passed, last = date.fromisoformat(record["passed"]), date.fromisoformat(record["valid_to"])
            assert passed.isoformat() <= TODAY
            assert last == passed.replace(year=passed.year + 5)


def test_organisations_do_not_contradict_themselves() -> None:
    """An organisation has one name and one licence, and its personnel numbers are not shared."""
    cards = [card for worker in PEOPLE for card in worker["cards"]]
    facts = {(c["organisation_id"], c["organisation_name"], c["licence_number"]) for c in cards}
    assert len(facts) == len({oid for oid, _, _ in facts}) == len({licence for _, _, licence in facts})
    assert (HOSPITAL, "ГБУЗ «Городская больница № 1» (демонстрация)", "Л041-01137-77/00584930") in facts
    numbers = [(c["organisation_id"], c["personnel_number"]) for c in cards if c["personnel_number"]]
    assert len(numbers) == len(set(numbers))
    staff = [
        w
        for w in PEOPLE
        if any(c["organisation_id"] == HOSPITAL and (c["until"] or TODAY) >= TODAY >= c["since"] for c in w["cards"])
    ]
    assert len(staff) >= 25


def test_work_of_every_kind_is_met() -> None:
    """Several jobs, all kinds of employment, dismissed, leaving, not yet begun, no card, entrepreneurs."""
    places = Counter(len({c["organisation_id"] for c in w["cards"]}) for w in PEOPLE)
    assert places[0]
    assert places[2] >= 2
    assert places[3] >= 2
    assert {c["employment_kind"] for w in PEOPLE for c in w["cards"]} == {1, 2, 3, 4}
    ends = [[c["until"] for c in w["cards"]] for w in PEOPLE if w["cards"]]
    assert sum(all(end is not None and end < TODAY for end in each) for each in ends) >= 2
    assert any(None in each and any(each) for each in ends)
    assert any(end is not None and end > TODAY for each in ends for end in each)
    assert any(c["since"] > TODAY for w in PEOPLE for c in w["cards"])
    entrepreneurs = [w for w in PEOPLE if any(c["organisation_name"].startswith("ИП ") for c in w["cards"])]
    assert len(entrepreneurs) >= 3
    assert all((w["ogrnip"] is not None) == (w in entrepreneurs) for w in PEOPLE)
    assert any(int(w["ogrnip"][:14]) % 13 > 9 for w in entrepreneurs)


def test_names_of_every_kind_are_met() -> None:
    """Missing patronymics, double, short and long names, near-namesakes and full namesakes."""
    assert sum(w["middle_name"] is None for w in PEOPLE) >= 3
    assert sum("-" in w["last_name"] for w in PEOPLE) >= 3
    assert any(len(w["last_name"]) + len(w["first_name"]) <= 4 for w in PEOPLE)
    assert any(len(w["last_name"]) > 30 and len(w["first_name"]) > 15 for w in PEOPLE)
    assert any(" " in w["first_name"] for w in PEOPLE)
    assert any((w["middle_name"] or "").endswith((" кызы", " оглы")) for w in PEOPLE)
    names = {full_name(w) for w in PEOPLE}
    assert any("ё" in name[0] and (plain_e(name[0]), *name[1:]) in names for name in names)
    pairs = [(a, b) for at, a in enumerate(PEOPLE) for b in PEOPLE[at + 1 :] if initials(a) == initials(b)]
    assert any(a["first_name"] != b["first_name"] for a, b in pairs)
    twins = [(a, b) for a, b in pairs if full_name(a) == full_name(b)]
    assert {a["birth_date"] == b["birth_date"] for a, b in twins} == {True, False}


def test_gaps_and_edges_of_every_kind_are_met() -> None:
    """Missing ИНН, category, personnel number and accreditation; expired and expiring ones; exempt СНИЛС."""
    for field in ("inn", "qualification"):
        assert any(w[field] is None for w in PEOPLE), field
    for field in ("specialities", "accreditations"):
        assert any(w[field] == [] for w in PEOPLE), field
    assert any(c["personnel_number"] is None for w in PEOPLE for c in w["cards"])
    last = [[a["valid_to"] for a in w["accreditations"]] for w in PEOPLE]
    assert sum(bool(each) and max(each) < TODAY for each in last) >= 2
    assert any(each and min(each) < TODAY <= max(each) for each in last)
    assert any(TODAY in each for each in last)
    assert any(TODAY < day < "2027-03-01" for each in last for day in each)
    exempt = [w["snils"] for w in PEOPLE if int(w["snils"][:9]) <= 1001998]
    assert "00000060006" in exempt
    assert any(w["snils"].startswith("0") and w["snils"] not in exempt for w in PEOPLE)
    assert any(w["snils"].endswith("00") and w["snils"] not in exempt for w in PEOPLE)


def test_a_worker_is_found_by_snils(base: str) -> None:
    """Search gives the card without the note; the address carries no number."""
    status, answer = call(base + SEARCH, {"snils": PLAIN["snils"]})
    assert status == 200
    assert answer == {"worker": {name: value for name, value in PLAIN.items() if name != "note"}}
    assert base.startswith("http://127.0.0.1:")


def test_an_unknown_worker_is_not_found(base: str) -> None:
    """An unknown СНИЛС is 404 in both operations."""
    assert call(base + SEARCH, {"snils": UNKNOWN}) == (404, {"error": "not_found"})
    change = {"change_id": "c-1", "snils": UNKNOWN, "fields": {"last_name": "Новая"}}
    assert call(base + CHANGES, change) == (404, {"error": "not_found"})


@pytest.mark.parametrize("key", [None, "", "wrong", "sandbox2", "ключ"])
def test_the_key_is_needed(base: str, key: str | None) -> None:
    """No key or another key is 401 and has no effect."""
    sent = key if key is None else key.encode().decode("latin-1")
    assert call(base + SEARCH, {"snils": PLAIN["snils"]}, key=sent) == (401, {"error": "unauthorized"})


def test_another_key_may_be_given() -> None:
    """The key comes from the constructor."""
    sandbox = FrmrSandbox(key="other")
    try:
        url = sandbox.start() + SEARCH
        assert call(url, {"snils": PLAIN["snils"]}, key="other")[0] == 200
        assert call(url, {"snils": PLAIN["snils"]})[0] == 401
    finally:
        sandbox.stop()


def test_other_addresses_and_methods_are_refused(base: str) -> None:
    """Only POST to the two addresses is served."""
    assert call(base + "/frmr/v1/workers", {}) == (404, {"error": "no_such_address"})
    assert call(base + SEARCH, {"snils": PLAIN["snils"]}, method="PUT") == (405, {"error": "method_not_allowed"})


def test_a_change_is_accepted_once(base: str, sandbox: FrmrSandbox) -> None:
    """A repeated change_id has no second effect, and the card itself does not change."""
    change = {"change_id": "c-1", "snils": PLAIN["snils"], "fields": {"last_name": "Новая", "inn": None}}
    assert call(base + CHANGES, change) == (202, {"accepted": True})
    assert call(base + CHANGES, change) == (200, {"accepted": True, "repeated": True})
    assert call(base + CHANGES, {**change, "fields": {"inn": "1"}}) == (200, {"accepted": True, "repeated": True})
    assert sandbox.changes() == [change]
    assert call(base + SEARCH, {"snils": PLAIN["snils"]})[1]["worker"]["last_name"] == PLAIN["last_name"]
    assert call(base + CHANGES, {**change, "change_id": "c-2"})[0] == 202
    assert [c["change_id"] for c in sandbox.changes()] == ["c-1", "c-2"]


def test_a_change_sent_at_once_by_many_is_accepted_once(base: str, sandbox: FrmrSandbox) -> None:
    """Concurrent repeats give one 202."""
    change = {"change_id": "c-1", "snils": PLAIN["snils"], "fields": {"position": "Врач"}}
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(lambda _: call(base + CHANGES, change)[0], range(24)))
    assert statuses == {202: 1, 200: 23}
    assert len(sandbox.changes()) == 1


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        (SEARCH, b"{", ["body"]),
        (SEARCH, b"\xff", ["body"]),
        (SEARCH, [], ["body"]),
        (SEARCH, {}, ["snils"]),
        (SEARCH, {"snils": 11223344595}, ["snils"]),
        (SEARCH, {"snils": "112-233-445 95"}, ["snils"]),
        (SEARCH, {"snils": "١١٢٢٣٣٤٤٥٩٥"}, ["snils"]),
        (CHANGES, {}, ["change_id", "snils", "fields"]),
        (CHANGES, {"change_id": " ", "snils": PLAIN["snils"], "fields": {"a": 1}}, ["change_id"]),
        (CHANGES, {"change_id": "c" * 101, "snils": PLAIN["snils"], "fields": {"a": 1}}, ["change_id"]),
        (CHANGES, {"change_id": "c-1", "snils": PLAIN["snils"] + "\n", "fields": {"a": 1}}, ["snils"]),
        (CHANGES, {"change_id": "c-1", "snils": PLAIN["snils"], "fields": {}}, ["fields"]),
        (CHANGES, {"change_id": "c-1", "snils": PLAIN["snils"], "fields": ["a"]}, ["fields"]),
    ],
)
def test_a_malformed_body_is_named(base: str, sandbox: FrmrSandbox, path: str, body: object, fields: list[str]) -> None:
    """A body out of form is 422 with the names of the wrong fields."""
    assert call(base + path, body) == (422, {"error": "invalid", "fields": fields})
    assert sandbox.changes() == []


def test_a_worker_may_be_put_and_dismissed(base: str, sandbox: FrmrSandbox) -> None:
    """Tests may override a worker; earlier ends of cards stay, later ones are moved."""
    ends = [None, "2020-01-01", "2026-12-31"]
    cards = [{**PLAIN["cards"][0], "until": end} for end in ends]
    sandbox.put({**PLAIN, "last_name": "Подменная", "cards": cards})
    sandbox.put({**PLAIN, "snils": UNKNOWN})
    assert call(base + SEARCH, {"snils": PLAIN["snils"]})[1]["worker"]["last_name"] == "Подменная"
    assert call(base + SEARCH, {"snils": UNKNOWN})[0] == 200
    sandbox.dismiss(PLAIN["snils"], "2026-11-20")
    worker = call(base + SEARCH, {"snils": PLAIN["snils"]})[1]["worker"]
    assert [c["until"] for c in worker["cards"]] == ["2026-11-20", "2020-01-01", "2026-11-20"]
    sandbox.dismiss(UNKNOWN, date(2026, 11, 21))
    assert call(base + SEARCH, {"snils": UNKNOWN})[1]["worker"]["cards"][0]["until"] == "2026-11-21"
    assert len(sandbox.people()) == len(PEOPLE) + 1


def test_overrides_of_nobody_are_refused(sandbox: FrmrSandbox) -> None:
    """A worker without СНИЛС, an unknown worker and a wrong date are errors that do not quote the number."""
    with pytest.raises(ValueError, match="snils"):
        sandbox.put({"last_name": "Безномерная"})
    with pytest.raises(LookupError, match=r"^no worker has this СНИЛС$"):
        sandbox.dismiss(UNKNOWN, "2026-11-22")
    with pytest.raises(ValueError, match="isoformat"):
        sandbox.dismiss(PLAIN["snils"], "22.11.2026")


def test_lists_are_copies(sandbox: FrmrSandbox) -> None:
    """What a test does with the lists does not reach the sandbox."""
    sandbox.people()[0]["cards"].clear()
    sandbox.changes().append({})
    assert sandbox.people() == PEOPLE
    assert sandbox.changes() == []


def test_down_hangs_up(base: str, sandbox: FrmrSandbox) -> None:
    """A fallen register closes the connection, and answers again after «ok»."""
    sandbox.fault("down")
    with pytest.raises(OSError, match=r"closed|reset|aborted"):
        call(base + SEARCH, {"snils": PLAIN["snils"]})
    sandbox.fault("ok")
    assert call(base + SEARCH, {"snils": PLAIN["snils"]})[0] == 200


def test_refusing_answers_403(base: str, sandbox: FrmrSandbox) -> None:
    """A refusing register says so in JSON and takes nothing."""
    sandbox.fault("refusing")
    change = {"change_id": "c-1", "snils": PLAIN["snils"], "fields": {"position": "Врач"}}
    assert call(base + CHANGES, change) == (403, {"error": "refused"})
    assert sandbox.changes() == []


def test_flaky_fails_every_second_request(base: str, sandbox: FrmrSandbox) -> None:
    """The first passes, the second is 503, and so on."""
    sandbox.fault("flaky")
    assert [call(base + SEARCH, {"snils": PLAIN["snils"]})[0] for _ in range(4)] == [200, 503, 200, 503]


def test_slow_answers_late(base: str, sandbox: FrmrSandbox) -> None:
    """The answer is right but late."""
    sandbox.fault("slow", 0.3)
    begun = time.monotonic()
    assert call(base + SEARCH, {"snils": PLAIN["snils"]})[0] == 200
    assert time.monotonic() - begun >= 0.3


def test_a_slow_fault_does_not_hold_stop(base: str, sandbox: FrmrSandbox) -> None:
    """Stop returns at once and breaks the waiting request off."""
    sandbox.fault("slow", 60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, base + SEARCH, {"snils": PLAIN["snils"]})
        time.sleep(0.2)
        begun = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - begun < 1
        assert isinstance(waiting.exception(timeout=2), OSError)


def test_an_unknown_mode_is_refused(sandbox: FrmrSandbox) -> None:
    """The error names the modes there are."""
    with pytest.raises(ValueError, match="ok, slow, down, refusing, flaky"):
        sandbox.fault("broken")


def test_start_and_stop_may_be_repeated(base: str, sandbox: FrmrSandbox) -> None:
    """A second start is an error, a second stop is not; after a stop it may start again with the same people."""
    with pytest.raises(RuntimeError, match="already running"):
        sandbox.start()
    with pytest.raises(OSError, match="cannot be listened on"):
        FrmrSandbox(port=int(base.rsplit(":", 1)[1])).start()
    sandbox.stop()
    sandbox.stop()
    assert call(sandbox.start() + SEARCH, {"snils": PLAIN["snils"]})[0] == 200


def test_nothing_is_written_out(base: str, sandbox: FrmrSandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """No request, good, bad or broken off, leaves a trace on stdout or stderr."""
    call(base + SEARCH, {"snils": PLAIN["snils"]})
    call(base + SEARCH + "?snils=" + PLAIN["snils"], b"{")
    sandbox.put({"snils": UNKNOWN, "broken": {1, 2}})  # cannot be written as JSON: an error inside the server
    with pytest.raises(AssertionError):
        call(base + SEARCH, {"snils": UNKNOWN})
    sandbox.fault("down")
    with pytest.raises(OSError, match=r"closed|reset|aborted"):
        call(base + SEARCH, {"snils": PLAIN["snils"]})
    sandbox.stop()
    assert capfd.readouterr() == ("", "")
