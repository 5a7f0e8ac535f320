"""The beginning of ЕСИА's door: an address signed for ЕСИА, and a pass that does not travel in it."""

import base64
import urllib.parse
from datetime import datetime

import doors
import esia_door
import make
import pytest
from conftest import RETURN_ADDRESS, World

from chalicelib.kit import clock, settings
from chalicelib.kit.records.tables import Breaker
from chalicelib.kit.signer import PureSigner, UncertifiedSigner
from infra.sandboxes.esia import CLIENT_ID

NAME = "start_esia_sign_in"
UNSET = ("CABINET_ESIA_URL", "CABINET_ESIA_CLIENT_ID", "CABINET_ESIA_CERTIFICATE", "CABINET_ESIA_PROVIDER_CERTIFICATES")


def example(world: World) -> make.Example:
    """Return a valid request."""
    return make.Example(body={"provider": "esia"})


def asked(address: str) -> dict[str, str]:
    """Read the parameters of an address; none stands twice."""
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


@pytest.mark.parametrize("name", UNSET)
def test_what_is_not_set_up_is_not_connected(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without any one of the settings the door says that it is not connected."""
    monkeypatch.setenv(name, "")
    answer = world.client.call(NAME, {"provider": "esia"})
    assert (answer.status, answer.code) == (409, "provider-not-connected")


def test_the_gateway_is_not_connected_until_it_is_set(world: World) -> None:
    """The OpenID gateway has settings of its own, empty here; another provider does not exist."""
    assert world.client.call(NAME, {"provider": "oidc"}).code == "provider-not-connected"
    assert world.client.call(NAME, {"provider": "vk"}).code == "wrong-fields"


def test_a_system_left_alone_is_not_offered(world: World) -> None:
    """While the breaker is open nobody is sent away to fail; afterwards the door opens again."""
    Breaker(system="esia", open_until=clock.epoch() + 30).save()
    answer = world.client.call(NAME, {"provider": "esia"})
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "provider-unavailable", "30")
    clock.advance(31)
    assert world.client.call(NAME, {"provider": "esia"}).status == 201


@pytest.mark.parametrize(
    "url",
    [
        "https://esia.gosuslugi.ru",
        "https://ESIA.gosuslugi.ru:443/",
        "https://user@esia.gosuslugi.ru./x",
        "https://gosuslugi.ru",
        "http://esia-new.gosuslugi.ru",
    ],
)
def test_the_uncertified_signer_refuses_the_real_esia(world: World, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Python never signs for production: the signer does not begin, and nobody gets an address."""
    with pytest.raises(UncertifiedSigner):
        PureSigner("esia_signing", url, settings.outside_setting("esia", "certificate"))
    monkeypatch.setenv("CABINET_ESIA_URL", url)
    answer = world.client.call(NAME, {"provider": "esia"})
    assert (answer.status, answer.code) == (500, "internal-error")


def test_the_uncertified_signer_may_serve_the_test_stand(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test host of ЕСИА is no production host, nor is a host that only sounds like one."""
    for host in ("esia-portal1.test.gosuslugi.ru", "notgosuslugi.ru"):
        monkeypatch.setenv("CABINET_ESIA_URL", f"https://{host}/")
        answer = world.client.call(NAME, {"provider": "esia"})
        assert answer.json["address"].startswith(f"https://{host}/aas/oauth2/v2/ac?")


def test_the_address_is_what_esia_wants(world: World) -> None:
    """Every parameter of the protocol, and a signature that ЕСИА (here its sandbox) accepts with its page."""
    answer = world.client.call(NAME, {"provider": "esia"})
    assert answer.status == 201
    found = asked(answer.json["address"])
    assert found.keys() == {
        *("client_id", "client_secret", "client_certificate_hash", "redirect_uri", "scope", "state", "timestamp"),
        *("response_type", "access_type", "code_challenge", "code_challenge_method"),
    }
    assert found["client_id"] == CLIENT_ID
    assert found["redirect_uri"] == RETURN_ADDRESS
    assert found["scope"] == "openid fullname birthdate gender snils email mobile"
    said = datetime.strptime(found["timestamp"], "%Y.%m.%d %H:%M:%S %z")
    assert abs((clock.now() - said).total_seconds()) < 30
    assert "%2B0000" in answer.json["address"]
    assert len(found["client_certificate_hash"]) == 64
    assert found["client_certificate_hash"] == found["client_certificate_hash"].upper()
    assert len(base64.urlsafe_b64decode(found["client_secret"] + "==")) == 64
    status, page, _ = esia_door.open_page(answer.json["address"])
    assert status == 200
    assert "Войти" in page
    assert "Отказаться" in page


def test_the_pass_stays_with_the_starter(world: World) -> None:
    """Nothing of the pass stands in the address; each start has its own state and pass; both have an end."""
    one, other = (world.client.call(NAME, {"provider": "esia"}).json for _ in range(2))
    assert one["flow"] not in one["address"]
    assert len({one["flow"], other["flow"]}) == len({asked(each["address"])["state"] for each in (one, other)}) == 2
    assert doors.is_about(one["expires_at"], 900)


def test_the_way_out_of_esia_is_told(world: World) -> None:
    """On a shared computer ЕСИА is left too; its parameter is called redirect_url."""
    leave = world.client.call(NAME, {"provider": "esia"}).json["logout_address"]
    assert leave.startswith(f"{world.esia.url}/idp/ext/Logout?")
    assert asked(leave) == {"client_id": CLIENT_ID, "redirect_url": "http://localhost:8080/"}
    status, _, location = esia_door.open_page(leave)
    assert (status, location) == (302, "http://localhost:8080/")


def test_it_takes_three_round_trips(world: World) -> None:
    """Counter, breaker, one write."""
    doors.at_minute_start()
    world.trips.start()
    world.client.call(NAME, {"provider": "esia"})
    assert world.trips.count("dynamodb") == 3


def test_the_start_is_recorded_without_a_person(world: World) -> None:
    """The security journal holds the start; nobody is known yet."""
    world.client.call(NAME, {"provider": "esia"})
    assert doors.unknown_callers(NAME) == ["done"]
