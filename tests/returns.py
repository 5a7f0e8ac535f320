"""The ways back into an account: what the tests of recovery share."""

from typing import Any

import doors
import make
from conftest import World

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, options
from chalicelib.kit.records.tables import Setting

NEW = "Letnij-Les-2027-x"
OTHER = "Osennij-Dozhd-2028"


def set_profile(name: str) -> None:
    """Choose the security profile, as an administrator does."""
    Setting(
        scope="cabinet", place="security_profile#0", name="security_profile", value=name, valid_from=0, set_at=0
    ).save()
    options.forget()


def start(world: World, login: str, channel: str = "sms") -> str:
    """Begin a recovery and return its flow."""
    answer = world.client.call("start_recovery", {"login": login, "channel": channel})
    assert answer.status == 202, answer.raw
    return str(answer.json["flow"])


def proved(world: World, who: make.Person, channel: str = "sms", password: str = NEW) -> dict[str, Any]:
    """Begin a recovery and return the body that finishes it, with the codes that came."""
    flow = start(world, who.login, channel)
    body = {"flow": flow, "password": password}
    if channel == "both":
        return body | {"code": world.codes(who.phone)[-1], "email_code": world.codes(who.email)[-1]}
    return body | {"code": world.codes(who.phone if channel == "sms" else who.email)[-1]}


def block(who: make.Person, by: str = "owner") -> None:
    """Close somebody's access."""
    Account.get(who.person_id).update(actions=[Account.blocked.set({"by": by, "at": clock.epoch()})])


def wrong(body: dict[str, Any]) -> dict[str, Any]:
    """Spoil the code."""
    return body | {"code": doors.another(body["code"])}
