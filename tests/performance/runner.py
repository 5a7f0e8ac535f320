"""The process that is measured: answers requests with the network replaced by canned answers at botocore's last step.

python -I -S -B runner.py cold <script.json> <operation> <kind> <folder> <libraries…>
python -I -S -B runner.py warm <script.json> <rounds> <requests> <folder of ours> <folders and libraries of the others…>

A script holds, for each implementation and operation, the event and the real answers recorded once from the engine.
What is imported here is paid by both sides.
"""

import base64
import json
import os
import sys
from collections.abc import Callable
from typing import Any

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
ENVIRONMENT = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "CABINET_PREFIX": "cabinet-dev",  # as the recording engine names its tables
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


MODULES = {
    "kit": "app",
    "handwritten": "performance.handwritten",
    "FastAPI": "performance.with_fastapi",
    "Powertools": "performance.with_powertools",
}


def load(kind: str) -> Handler:
    """Import the handler of one kind."""
    # No importlib: it would be an import that no side pays for.
    found: Handler = getattr(__import__(MODULES[kind], fromlist=["handler"]), "app" if kind == "kit" else "handler")
    return found


def main() -> None:
    """Do what the line says."""
    mode, script, *rest = sys.argv[1:]
    os.environ.update(ENVIRONMENT)
    sys.path[:0] = rest[2:]
    with open(script, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be one more import that no side pays
        scenes = json.load(file)
    wire = Wire()
    wire.install()
    if mode == "cold":
        cold(wire, rest[1], scenes[rest[1] if rest[1] in scenes else "handwritten"][rest[0]])
    else:
        warm(wire, scenes, int(rest[0]), int(rest[1]))


def cold(wire: Wire, kind: str, scene: dict[str, Any]) -> None:
    """Load one handler and answer one request."""
    import gc

    if kind != "kit":  # the kit has these lines of its own; the others get them too
        gc.disable()
    handler = load(kind)
    if kind != "kit":
        gc.freeze()
        gc.enable()
    event = wire.play(scene)
    if handler(event, Context())["statusCode"] != scene["status"] or len(wire.calls) != len(scene["answers"]):
        raise SystemExit("The answer is not the recorded one.")


def warm(wire: Wire, scenes: dict[str, dict[str, Any]], rounds: int, requests: int) -> None:
    """Answer batches of each operation by turns and print the CPU seconds of each batch."""
    import gc
    import time

    handlers = {kind: load(kind) for kind in MODULES}
    gc.freeze()  # as the kit does when a Lambda has started; here for all
    said: dict[str, dict[str, list[float]]] = {}
    out, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lives as long as the process
    for number in range(-1, rounds):  # the first round warms caches and is not counted
        for operation in scenes["kit"]:
            kinds = [*MODULES] if operation in scenes["handwritten"] else ["kit"]
            batch = requests if len(kinds) > 1 else 1  # those with files take as long as a batch of the others
            times = said.setdefault(operation, {kind: [] for kind in kinds})
            for kind in kinds if number % 2 else reversed(kinds):
                scene, handler = scenes.get(kind, scenes["handwritten"])[operation], handlers[kind]
                event = wire.play(scene)
                began = time.process_time()
                for _ in range(batch):
                    answer = handler(event, Context())
                spent = time.process_time() - began
                if answer["statusCode"] != scene["status"]:
                    raise SystemExit(f"{kind} answers {operation} with {answer['statusCode']}.")
                if number >= 0:
                    times[kind].append(spent / batch)
    out.write(json.dumps(said))


class Context:
    """What Lambda says of a call, for those who ask."""

    function_name = "profile"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:profile"
    aws_request_id = "0"


if __name__ == "__main__":
    main()
