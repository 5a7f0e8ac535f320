"""What the kit costs over a handler written by hand: the processor time of a warm request and of a cold start.

The network is replaced by the real answers of the engine, recorded once; batches and processes take turns, so that
whatever else the machine does falls on both sides. Ratios are told, not times: they hold on another machine.
"""

import base64
import importlib.metadata
import json
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import make
import papers
from conftest import World
from gates.examples import example_of
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from performance import handwritten

from chalicelib.kit import aws, options, secret, vault
from infra import package
from infra.templates import functions

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
OWN_ROWS = ("finish_sign_in", "download_confirmation", "export_acts_xlsx")


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

    def row(self) -> list[str]:
        """Write it as a row of the published table."""
        low, middle, high = self.quartiles
        ours, other = (f"{statistics.median(one) * 1000:.2f}" for one in (self.ours, self.other))
        return [self.name, f"**{middle:.2f}**", f"{low:.2f} to {high:.2f}", f"{self.of_medians:.2f}", ours, other]


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
    for operation in OWN_ROWS:
        made.scenes["kit"][operation] = _alone(world, recorder, operation)
    return made


def _alone(world: World, recorder: Recorder, operation: str) -> Scene:
    """Record an operation that has no handwritten counterpart, by the example of its own test."""
    sent: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []

    def spy(event: dict[str, Any], context: Any) -> dict[str, Any]:
        sent.append(event)
        answers.append(world.client.app(event, context))
        return answers[-1]

    example = example_of(operation, world)
    _forget()
    options.forget()
    recorder.take()
    client = make.Client(spy)
    client.addresses = world.client.addresses
    client.run(operation, example)
    _, came = recorder.take()
    return {"event": sent[-1], "answers": came, "status": answers[-1]["statusCode"]}


def _events(by: make.Person) -> dict[str, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {by.token}"}
    changing = headers | {"If-Match": '"1"', "Content-Type": "application/json"}
    body = json.dumps(NEWS, ensure_ascii=False).encode()
    made = {
        "read_profile": make.event("GET", "/v1/profile", headers=headers, address=make.USUAL_ADDRESS),
        "change_profile": make.event("PATCH", "/v1/profile", headers=changing, body=body, address=make.USUAL_ADDRESS),
    }
    for one in made.values():  # what the gateway says besides and only frameworks read
        one |= {"httpMethod": one["requestContext"]["httpMethod"], "resource": one["path"]}
    return made


def _forget() -> None:
    secret.forget()
    vault.forget()
    handwritten._keys.clear()
    handwritten.derive.cache_clear()
    handwritten.deployment.cache_clear()


@dataclass(frozen=True)
class Ground:
    """All implementations packed alike: the folders that each is loaded from, and the script that they play."""

    folders: dict[str, list[Path]]
    script: Path


def unpack(place: Path, recording: Recording) -> Ground:
    """Build the package, lay it out as Lambda does, and pack the other handlers in the same way."""
    package.build(place / "package")
    bundle, library = place / "kit", place / "layer/python"
    for archive, folder in (("bundle", bundle), ("layer-base", library.parent), ("layer-typst", place / "typst")):
        with zipfile.ZipFile(place / f"package/{archive}.zip") as packed:
            packed.extractall(folder)
    folders = {"kit": [bundle, library, place / "typst/python"]}
    for kind, files, packages in (
        ("handwritten", ("handwritten.py",), ()),
        ("FastAPI", ("handwritten.py", "with_fastapi.py"), ("fastapi", "mangum")),
        ("Powertools", ("handwritten.py", "with_powertools.py"), ("aws-lambda-powertools",)),
    ):
        code, libraries = place / kind, place / f"{kind}-layer/python"
        (code / "performance").mkdir(parents=True)
        for file in files:
            (code / "performance" / file).write_bytes((HERE / file).read_bytes())
        package._compile(code, "/var/task")
        _add(libraries, library, *packages)
        package._compile(libraries.parent, "/opt")
        folders[kind] = [code, library, libraries]
    script = place / "script.json"
    script.write_text(json.dumps(recording.scenes), encoding="utf-8")
    return Ground(folders, script)


def _add(target: Path, base: Path, *names: str) -> None:
    """Copy installed packages with all that they require and the base layer lacks, trimmed as the base layer is."""
    target.mkdir(parents=True, exist_ok=True)
    waiting, seen = [*names], set[str]()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen:
            continue
        seen.add(name)
        found = importlib.metadata.distribution(name)
        if any(base.glob(f"{name.replace('-', '_')}-*.dist-info")):
            continue
        for file in found.files or ():
            if ".." not in file.parts and file.suffix not in {".pyc", ".pyi"}:
                place = target / str(file)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), place)
        wanted = (Requirement(one) for one in found.requires or ())
        waiting += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]


def warm(ground: Ground, rounds: int = 121, requests: int = 8) -> dict[str, dict[str, list[float]]]:
    """Measure warm requests: all implementations in one process, batch by batch in turns; seconds by operation and kind."""
    folders = [*dict.fromkeys(one for part in ground.folders.values() for one in part)]
    command = [*_python(), "warm", str(ground.script), str(rounds), str(requests), *map(str, folders)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=True)
    found: dict[str, dict[str, list[float]]] = json.loads(done.stdout)
    return found


def cold(
    ground: Ground, operation: str, address: str, kinds: Sequence[str], rounds: int = 21
) -> dict[str, list[float]]:
    """Measure fresh processes up to the first answer, one of each implementation in turns; seconds by kind."""
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(-1, rounds):  # the first round warms the disk and is not counted
        for kind in kinds if number % 2 else reversed(kinds):
            places = map(str, ground.folders[kind])
            command = [*_python(), "cold", str(ground.script), operation, kind, *places]
            spent = _cpu(command, _environment(**_of_lambda(ground, address) if kind == "kit" else {}))
            if number >= 0:
                times[kind].append(spent)
    return times


def bare_interpreter(rounds: int = 11) -> float:
    """Return the median CPU seconds of an interpreter that does nothing: part of both sides of a cold start."""
    return statistics.median(_cpu([*_python()[:-1], "-c", "pass"], _environment()) for _ in range(rounds))


def _python() -> list[str]:
    return [sys.executable, "-I", "-S", "-B", str(HERE / "runner.py")]


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONHASHSEED": "0"} | more


def _of_lambda(ground: Ground, address: str) -> dict[str, str]:
    """Return the variables of the function's template that its start depends on."""
    return {"CABINET_OPERATION": address, "AWS_DATA_PATH": str(ground.folders["kit"][0] / functions.AWS_MODELS)}


def _cpu(command: list[str], environment: dict[str, str]) -> float:
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"The measured process failed: {' '.join(command)}")
    return usage.ru_utime + usage.ru_stime
