"""Effects and messages that were given up: listed, and sent on their way once more.

    python -m infra.dead_letters --stage dev list
    python -m infra.dead_letters --stage dev replay            # everything that is dead
    python -m infra.dead_letters --stage dev replay eff_…      # one effect

Dead effects are rows of the outbox that used up their tries or were refused for good; the tool looks through the whole
outbox for them, which no function may do. Replaying gives a row back its tries and puts it into its queue. Messages in
the queues of dead letters name effects that are in the outbox too: a message whose effect still waits is put back, any
other is let go. What a stream gave up on (`streams-dead`) names no effect: the sweep brings its effects back by itself.
Only ids, channels and times are shown: what an effect says stays sealed.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra import deployment  # noqa: E402 - found through the two paths above
from infra.deployment import WrongDeployment  # noqa: E402 - see above


def main(arguments: list[str] | None = None) -> int:
    """List or replay; 1 when the stage or the effect is unknown."""
    parser = argparse.ArgumentParser(prog="python -m infra.dead_letters", description="Dead effects and messages.")
    parser.add_argument("--stage", required=True)
    parser.add_argument("what", choices=("list", "replay"))
    parser.add_argument("effect", nargs="?", help="one effect; without it all that are dead")
    given = parser.parse_args(arguments)
    try:
        deployment.read(given.stage).enter()
    except WrongDeployment as wrong:
        print(wrong, file=sys.stderr)
        return 1
    if given.what == "list":
        print(*listed(), sep="\n")
        return 0
    found = [one for one in dead() if given.effect in {None, one.effect_id}]
    if given.effect and not found:
        print(f"There is no dead effect {given.effect}.", file=sys.stderr)
        return 1
    print(f"{sum(map(revive, found))} effects are on their way again, {take_back()} messages were taken from the dead.")
    return 0


def dead() -> Iterator[Any]:
    """Yield the dead rows of the outbox."""
    from chalicelib.kit.records.tables import Outbox  # noqa: PLC0415 - it reads the environment

    yield from Outbox.scan(Outbox.state == "dead")


def listed() -> Iterator[str]:
    """Yield a line for each dead effect, and one for each queue of dead letters that holds something."""
    from chalicelib.kit import clock, settings  # noqa: PLC0415 - see above

    for row in dead():
        yield f"{row.effect_id}  {row.channel:<8} {int(row.attempts):>3} tries  made {clock.moment(int(row.made_at))}"
    for name in _queues():
        waiting = _sqs().get_queue_attributes(QueueUrl=_url(name), AttributeNames=["ApproximateNumberOfMessages"])
        count = int(waiting["Attributes"]["ApproximateNumberOfMessages"])
        if count:
            yield f"{name.removeprefix(settings.queue(''))}: {count} messages"


def revive(row: Any) -> bool:
    """Give a dead row its tries back and put it into its queue; False when somebody was faster."""
    from chalicelib.kit import clock, jobs, outbox  # noqa: PLC0415 - see above
    from chalicelib.kit.records.tables import Outbox  # noqa: PLC0415 - see above

    now = clock.epoch()
    changes: list[Any] = [
        Outbox.state.set("pending"),
        Outbox.attempts.set(0),
        Outbox.lease_until.set(0),
        Outbox.pending_since.set(now),
        Outbox.pending_shard.set(str(int(row.effect_id[-1], 16) % outbox.SHARDS)),
        Outbox.expires.set(now + outbox.KEEP_SECONDS),
    ]
    if Outbox.change(row.effect_id, actions=changes, when=Outbox.state == "dead") is None:
        return False
    jobs.enqueue(row.channel, row.effect_id)  # if it fails, the sweep does it
    return True


def take_back() -> int:
    """Empty the queues of dead letters of the channels; what still waits goes back to its queue first."""
    taken = 0
    for name in _queues():
        while found := _sqs().receive_message(QueueUrl=_url(name), MaxNumberOfMessages=10).get("Messages", []):
            for message in found:
                _put_back(json.loads(message["Body"]).get("effect_id", ""))
                _sqs().delete_message(QueueUrl=_url(name), ReceiptHandle=message["ReceiptHandle"])
                taken += 1
    return taken


def _put_back(effect_id: str) -> None:
    from chalicelib.kit import jobs  # noqa: PLC0415 - see above
    from chalicelib.kit.records.tables import Outbox  # noqa: PLC0415 - see above
    from chalicelib.kit.tables import Get, fetch  # noqa: PLC0415 - see above

    (row,) = fetch((Get(Outbox, effect_id),)) if effect_id else (None,)
    if row is not None and row.state == "pending":
        jobs.enqueue(row.channel, effect_id)


def _queues() -> list[str]:
    from chalicelib.kit import settings  # noqa: PLC0415 - see above
    from infra.templates import stateful  # noqa: PLC0415 - see above

    return [f"{settings.queue(channel)}-dead" for channel in stateful.channels()]


def _sqs() -> Any:
    from chalicelib.kit import aws  # noqa: PLC0415 - see above

    return aws.client("sqs")


def _url(name: str) -> str:
    return str(_sqs().get_queue_url(QueueName=name)["QueueUrl"])


if __name__ == "__main__":
    sys.exit(deployment.tell(main))
