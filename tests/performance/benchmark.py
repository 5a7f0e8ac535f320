"""What the kit costs over a handler written by hand: the processor time of a warm request and of a cold start.

The network is replaced by the real answers of the engine, recorded once; batches and processes take turns, so that
whatever else the machine does falls on both sides. Ratios are told, not times: they hold on another machine.
"""

import base64
import json
import os
import statistics
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import make
import papers
from conftest import World
from performance import handwritten

from chalicelib.kit import aws, secret, vault
from infra import package

HERE = Path(__file__).parent
NEWS = {
    "last_name": "Воробьёва-Лис",
    "first_name": "Алёна",
    "middle_name": None,
    "birth_date": "1985-04-03",
    "inn": "500100732259",
    "personnel_number": "1042/7",
    "speciality": "Хирургия",
    "qualification": "высшая",
    "licence_number": "Л041-01137-77/00990004",
    "organisation_ogrn": "1027700132195",
    "ogrnip": "304500116000157",
}
Scene = dict[str, Any]


@dataclass(frozen=True)
class Ratio:
    """Ours over the handwritten, round by round."""

    name: str
    ours: list[float]
    other: list[float]

    @property
    def quartiles(self) -> list[float]:
        """The lower quartile, the median and the upper quartile of the ratios of the rounds."""
        return statistics.quantiles([one / two for one, two in zip(self.ours, self.other, strict=True)], n=4)

    @property
    def median(self) -> float:
        """The median of the ratios of the rounds."""
        return self.quartiles[1]

    @property
    def of_medians(self) -> float:
        """The ratio of the medians."""
        return statistics.median(self.ours) / statistics.median(self.other)

    def sentence(self) -> str:
        """Say it in one line."""
        low, middle, high = self.quartiles
        ours, other = (statistics.median(one) * 1000 for one in (self.ours, self.other))
        return (
            f"{self.name}: {middle:.3f} (quartiles {low:.3f}-{high:.3f}; ratio of medians {self.of_medians:.3f}; "
            f"{ours:.2f} ms to {other:.2f} ms; {len(self.ours)} rounds)"
        )


class Recorder:
    """Writes down what clients send and what the engine answers."""

    def __init__(self, *clients: Any) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[dict[str, Any]] = []
        for client in clients:
            client.meta.events.register("before-call", self._sent)
            client.meta.events.register("response-received", self._came)

    def take(self) -> tuple[list[tuple[str, dict[str, Any]]], list[dict[str, Any]]]:
        """Hand over what was written down, and begin anew."""
        taken = self.requests, self.answers
        self.requests, self.answers = [], []
        return taken

    def _sent(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        self.requests.append(
            (f"before-send.{model.service_model.service_name}.{model.name}", json.loads(params["body"]))
        )

    def _came(self, response_dict: dict[str, Any], **_: Any) -> None:
        call, sent = self.requests[-1]
        self.answers.append(
            {
                "call": call,
                "sign": sent.get("TableName") or next(iter(sent.get("EncryptionContext", {"": ""}))),
                "status": response_dict["status_code"],
                "headers": dict(response_dict["headers"]),
                "body": base64.b64encode(response_dict["body"]).decode(),
            }
        )


@dataclass(frozen=True)
class Recording:
    """The scenes of both implementations, and the requests that each sent."""

    scenes: dict[str, dict[str, Scene]]
    requests: dict[str, dict[str, list[tuple[str, dict[str, Any]]]]]
    bodies: dict[str, dict[str, Any]]


def record(world: World) -> Recording:
    """Have both implementations answer the same requests on the engine, with nothing cached."""
    recorder = Recorder(aws.client("dynamodb"), aws.client("kms"), handwritten.dynamodb, handwritten.kms)
    made = Recording({}, {}, {})
    for name, handler in (("kit", world.client.app), ("handwritten", handwritten.handler)):
        made.scenes[name], made.requests[name], made.bodies[name] = {}, {}, {}
        for operation, event in _events(papers.doctor(world)).items():
            _forget()
            recorder.take()
            answer = handler(event, None)
            sent, came = recorder.take()
            made.scenes[name][operation] = {"event": event, "answers": came, "status": answer["statusCode"]}
            made.requests[name][operation] = sent
            made.bodies[name][operation] = json.loads(answer["body"])
    return made


def _events(by: make.Person) -> dict[str, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {by.token}"}
    changing = headers | {"If-Match": '"1"', "Content-Type": "application/json"}
    body = json.dumps(NEWS, ensure_ascii=False).encode()
    return {
        "read_profile": make.event("GET", "/v1/profile", headers=headers, address=make.USUAL_ADDRESS),
        "change_profile": make.event("PATCH", "/v1/profile", headers=changing, body=body, address=make.USUAL_ADDRESS),
    }


def _forget() -> None:
    secret.forget()
    vault.forget()
    handwritten._keys.clear()
    handwritten.derive.cache_clear()
    handwritten.deployment.cache_clear()


@dataclass(frozen=True)
class Ground:
    """Both implementations, packed alike beside one and the same layer, and the script that both play."""

    kit: Path
    handwritten: Path
    library: Path
    script: Path


def unpack(place: Path, recording: Recording) -> Ground:
    """Build the package, lay it out as Lambda does, and pack the handwritten handler in the same way."""
    package.build(place / "package")
    ground = Ground(place / "kit", place / "handwritten", place / "layer/python", place / "script.json")
    for archive, folder in (("bundle", ground.kit), ("layer-base", ground.library.parent)):
        with zipfile.ZipFile(place / f"package/{archive}.zip") as packed:
            packed.extractall(folder)
    ground.handwritten.mkdir()
    (ground.handwritten / "handwritten.py").write_bytes((HERE / "handwritten.py").read_bytes())
    package._compile(ground.handwritten, "/var/task")
    ground.script.write_text(json.dumps(recording.scenes), encoding="utf-8")
    return ground


def warm(ground: Ground, rounds: int = 81, requests: int = 20) -> list[Ratio]:
    """Measure warm requests: both implementations in one process, batch by batch in turns."""
    command = [*_python(), "warm", str(ground.kit), str(ground.library), str(ground.script), str(ground.handwritten)]
    done = subprocess.run(
        [*command, str(rounds), str(requests)], env=_environment(), capture_output=True, text=True, check=True
    )
    found = []
    for operation, times in json.loads(done.stdout).items():
        ours, other = ([one / requests for one in times[name]] for name in ("kit", "handwritten"))
        found.append(Ratio(operation, ours, other))
    return found


def cold(ground: Ground, operation: str = "read_profile", rounds: int = 21) -> Ratio:
    """Measure fresh processes up to the first answer, one of each implementation in turns."""
    ours: list[float] = []
    other: list[float] = []
    places = [(ground.kit, ours), (ground.handwritten, other)]
    for number in range(-1, rounds):  # the first round warms the disk and is not counted
        for folder, times in places if number % 2 else reversed(places):
            command = [*_python(), "cold", str(folder), str(ground.library), str(ground.script), operation]
            spent = _cpu(command, _environment(CABINET_OPERATION=f"profile.{operation}"))
            if number >= 0:
                times.append(spent)
    return Ratio(f"cold start of {operation}", ours, other)


def bare_interpreter(rounds: int = 11) -> float:
    """Return the median CPU seconds of an interpreter that does nothing: part of both sides of a cold start."""
    return statistics.median(_cpu([*_python()[:-1], "-c", "pass"], _environment()) for _ in range(rounds))


def _python() -> list[str]:
    return [sys.executable, "-I", "-S", "-B", str(HERE / "runner.py")]


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONHASHSEED": "0"} | more


def _cpu(command: list[str], environment: dict[str, str]) -> float:
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"The measured process failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime
