"""A bounded load on one address of this machine: `python load.py <port> <seconds>`.

Standard input gives JSON: `operations` (method, path and status of success by name) and `groups` of people.

Each connection has people of its own and goes round: profile read, journal listed, session read, profile changed by the
version that the last change gave. In the first round everybody signs in before that, by password and a code that he
finds among the local cabinet's sent messages. Prints what was answered, and how soon, as JSON. Only the standard library.
"""

import http.client
import json
import re
import secrets
import sys
import threading
import time
from typing import Any

Person = dict[str, Any]
NAMES = ("Алёна", "Анна")
CODE = re.compile(r"^Код для входа .*?\b(\d{6})\b")
CODE_SECONDS = 60


class Walker(threading.Thread):
    """One connection and its people, who take turns."""

    def __init__(self, port: int, until: float, operations: dict[str, Any], people: list[Person]) -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.until = until
        self.operations = operations
        self.people = people
        self.answers: list[tuple[str, float, int]] = []

    def run(self) -> None:
        """Go round until the time is over; the first round is always whole."""
        for person in self.people:
            self.sign_in(person)
            self.work(person)
        while time.monotonic() < self.until:
            for person in self.people:
                self.work(person)

    def sign_in(self, person: Person) -> None:
        """Open a session as a client does: login, password, a code by SMS, the code."""
        ticket = self.send(person, "start_sign_in", {"login": person["login"]})["ticket"]
        ticket = self.send(person, "check_password", {"ticket": ticket, "password": person["password"]})["ticket"]
        self.send(person, "send_sign_in_code", {"ticket": ticket, "channel": "sms"})
        body = {"ticket": ticket, "kind": "sms", "code": self.code(person)}
        person["token"] = self.send(person, "finish_sign_in", body)["token"]

    def code(self, person: Person) -> str:
        """Read the sent messages until the person's code is among them; this is no call of the cabinet's API."""
        late = time.monotonic() + CODE_SECONDS
        while time.monotonic() < late:
            self.connection.request("GET", "/_local/outbox", headers={"Accept": "application/json"})
            sent = json.loads(self.connection.getresponse().read())
            if codes := [
                found[1] for one in sent if one["to"] == person["phone"] and (found := CODE.match(one["text"]))
            ]:
                return codes[-1]
            time.sleep(0.2)
        raise TimeoutError

    def work(self, person: Person) -> None:
        """Look at three things and change one."""
        for name in ("read_profile", "list_acts", "read_session"):
            self.send(person, name)
        self.send(person, "change_profile", {"first_name": NAMES[person["version"] % 2]}, match=person["version"])
        person["version"] += 1

    def send(self, person: Person, name: str, body: Any = None, match: int | None = None) -> Any:
        """Call an operation, take its time, return its answer; one that fails ends this connection's walk."""
        method, path, success = self.operations[name]
        headers = {"Authorization": f"Bearer {person['token']}"} if person["token"] else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if match is not None:
            headers["If-Match"] = f'"{match}"'
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_urlsafe(24)
        began = time.perf_counter()
        self.connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        answer = self.connection.getresponse()
        said = answer.read()
        self.answers.append((name, time.perf_counter() - began, answer.status))
        person["calls"].append(name)
        if answer.status != success:
            raise RuntimeError(said)
        return json.loads(said)


def main() -> None:
    """Load, and tell."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    given = json.load(sys.stdin)
    until = time.monotonic() + seconds
    walkers = [Walker(port, until, given["operations"], people) for people in given["groups"]]
    began = time.monotonic()
    for walker in walkers:
        walker.start()
    for walker in walkers:
        walker.join()
    told = {
        "lasted": time.monotonic() - began,
        "answers": [one for walker in walkers for one in walker.answers],
        "people": [one for walker in walkers for one in walker.people],
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
