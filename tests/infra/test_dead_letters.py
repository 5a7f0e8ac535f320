"""Dead effects are listed and sent again, once."""

import json

import pytest
from conftest import World

from chalicelib.kit import aws, clock, outbox, settings
from chalicelib.kit.outbox import Sms
from chalicelib.kit.records.tables import Outbox
from infra import dead_letters, deployment

PHONE = "+79160000000"


@pytest.fixture
def stage(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Let the tool stay in the cloud of the tests."""
    monkeypatch.setattr(deployment.Deployment, "enter", lambda _: None)
    return world


def buried(text: str) -> Outbox:
    """Write an effect that was given up."""
    row = outbox.row(Sms(to=PHONE, text=text), "trace")
    row.attempts = 12
    row.save()
    Outbox.change(row.effect_id, actions=row.settled("dead"))
    return row


def letter(effect_id: str) -> None:
    """Put a message into the queue of dead letters."""
    url = aws.client("sqs").get_queue_url(QueueName=f"{settings.queue('sms')}-dead")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"effect_id": effect_id}))


def run(*arguments: str) -> int:
    """Run the tool."""
    return dead_letters.main(["--stage", "dev", *arguments])


def test_dead_effects_and_messages_are_listed_without_what_they_say(
    stage: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids, channels and counts are shown; the number and the text are not."""
    row = buried("Тайна")
    letter(row.effect_id)
    assert run("list") == 0
    printed = capsys.readouterr().out
    assert row.effect_id in printed
    assert "sms-dead: 1 messages" in printed
    assert "Тайна" not in printed
    assert PHONE not in printed


def test_a_replayed_effect_is_delivered_once(stage: World, capsys: pytest.CaptureFixture[str]) -> None:
    """It gets its tries back and leaves; a second replay finds nothing."""
    buried("Снова")
    assert run("replay") == 0
    assert "1 effects are on their way again" in capsys.readouterr().out
    assert stage.sent(PHONE) == ["Снова"]
    assert run("replay") == 0
    assert "0 effects" in capsys.readouterr().out
    clock.advance(600)
    assert stage.sent(PHONE) == ["Снова"]


def test_one_effect_can_be_replayed_alone(stage: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Others stay dead; an unknown one is refused."""
    one, other = buried("Один"), buried("Другой")
    assert run("replay", one.effect_id) == 0
    assert stage.sent(PHONE) == ["Один"]
    assert Outbox.get(other.effect_id).state == "dead"
    assert run("replay", "eff_unknown") == 1
    assert "no dead effect" in capsys.readouterr().err


def test_a_dead_message_whose_effect_waits_goes_back(stage: World) -> None:
    """The queue of dead letters is emptied; a message of a settled effect is only let go."""
    waiting = outbox.row(Sms(to=PHONE, text="Ждёт"), "trace")
    waiting.save()
    letter(waiting.effect_id)
    letter("eff_gone")
    assert dead_letters.take_back() == 2
    assert stage.sent(PHONE) == ["Ждёт"]
    assert dead_letters.take_back() == 0


def test_two_operators_revive_an_effect_once(stage: World) -> None:
    """Whoever comes second changes nothing."""
    row = buried("Раз")
    assert dead_letters.revive(row) is True
    assert dead_letters.revive(row) is False
