"""The process that is measured: answers requests with the network replaced by canned answers at botocore's last step.

python -I -S -B runner.py cold <folder> <library> <script.json> <operation>
python -I -S -B runner.py warm <folder of ours> <library> <script.json> <folder of the handwritten> <rounds> <requests>

A script holds, for each implementation and operation, the event and the real answers recorded once from the engine.
What is imported here is paid by both sides.
"""

import base64
import json
import os
import sys
from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any], None], dict[str, Any]]
ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "CABINET_PREFIX": "cabinet",
}


class Raw:
    """The bytes of a canned answer, as urllib3 would hand them over."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self) -> list[bytes]:
        """Return the whole in one piece."""
        return [self.body]


class Wire:
    """Stands where the network would be. A call that the script does not know reaches no network either: it fails."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, bytes, int, dict[str, str], bytes]] = []
        self.calls: list[str] = []

    def install(self) -> None:
        """Have every client made from now on answered by the script."""
        from botocore import handlers
        from botocore.awsrequest import AWSResponse

        def answer(request: Any, event_name: str, **_: Any) -> Any:
            for call, sign, status, headers, body in self.answers:
                if event_name == call and sign in request.body:
                    self.calls.append(call)
                    return AWSResponse(request.url, status, headers, Raw(body))
            raise RuntimeError(f"The script holds no answer to {event_name}.")

        handlers.BUILTIN_HANDLERS.append(("before-send", answer))

    def play(self, scene: dict[str, Any]) -> dict[str, Any]:
        """Take the answers of one scene and return its event."""
        self.calls.clear()
        self.answers = [
            (one["call"], one["sign"].encode(), one["status"], one["headers"], base64.b64decode(one["body"]))
            for one in scene["answers"]
        ]
        event: dict[str, Any] = scene["event"]
        return event


def load(folder: str) -> Handler:
    """Import the handler that lies in a folder."""
    # No pathlib and importlib: they would be imports that neither side pays for.
    is_ours = os.path.exists(f"{folder}/app.py")  # noqa: PTH110 - see above
    module, name = ("app", "app") if is_ours else ("handwritten", "handler")
    found: Handler = getattr(__import__(module), name)
    return found


def main() -> None:
    """Do what the line says."""
    kind, folder, library, script, *rest = sys.argv[1:]
    os.environ.update(ENVIRONMENT)
    sys.path[:0] = [folder, library]
    with open(script, encoding="utf-8") as file:  # noqa: PTH123 - see load
        scenes = json.load(file)
    wire = Wire()
    wire.install()
    if kind == "cold":
        cold(wire, load(folder), scenes["kit" if "kit" in folder.rsplit("/", 1)[-1] else "handwritten"][rest[0]])
    else:
        warm(wire, folder, scenes, *rest)


def cold(wire: Wire, handler: Handler, scene: dict[str, Any]) -> None:
    """Answer one request."""
    event = wire.play(scene)
    if handler(event, None)["statusCode"] != scene["status"] or len(wire.calls) != len(scene["answers"]):
        raise SystemExit("The answer is not the recorded one.")


def warm(wire: Wire, folder: str, scenes: dict[str, Any], other: str, rounds: str, requests: str) -> None:
    """Answer batches of each operation by turns and print the CPU seconds of each batch."""
    import gc
    import time

    sys.path.insert(0, other)
    handlers = {"kit": load(folder), "handwritten": load(other)}
    gc.freeze()  # as the kit does when a Lambda has started; here for both
    said: dict[str, dict[str, list[float]]] = {}
    out, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lives as long as the process
    for number in range(-1, int(rounds)):  # the first round warms caches and is not counted
        for operation in scenes["kit"]:
            times = said.setdefault(operation, {name: [] for name in handlers})
            for name in sorted(handlers, reverse=number % 2 == 0):
                scene, handler = scenes[name][operation], handlers[name]
                event = wire.play(scene)
                began = time.process_time()
                for _ in range(int(requests)):
                    answer = handler(event, None)
                spent = time.process_time() - began
                if answer["statusCode"] != scene["status"]:
                    raise SystemExit(f"{name} answers {operation} with {answer['statusCode']}.")
                if number >= 0:
                    times[name].append(spent)
    out.write(json.dumps(said))


if __name__ == "__main__":
    main()
