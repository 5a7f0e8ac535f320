"""A bounded load on one address of this machine: `python load.py <port> <seconds>`, people as JSON on standard input.

Each connection has people of its own and goes round: profile read, journal listed, session read, profile changed by the
version that the last change gave. Prints what was answered, and how soon, as JSON. Only the standard library.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any

Person = dict[str, Any]
NAMES = ("Алёна", "Анна")


class Walker(threading.Thread):
    """One connection and its people, who take turns."""

    def __init__(self, port: int, until: float, people: list[Person]) -> None:
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.until = until
        self.people = people
        self.seconds: list[float] = []
        self.statuses: list[int] = []

    def run(self) -> None:
        """Go round until the time is over."""
        while time.monotonic() < self.until:
            for person in self.people:
                for path in ("/v1/profile", "/v1/journal/acts?limit=20", "/v1/sessions/current"):
                    self.send(person, "GET", path)
                body = json.dumps({"first_name": NAMES[person["version"] % 2]}).encode()
                if self.send(person, "PATCH", "/v1/profile", body) == 200:
                    person["version"] += 1

    def send(self, person: Person, method: str, path: str, body: bytes | None = None) -> int:
        """Send one request and take its time."""
        headers = {"Authorization": f"Bearer {person['token']}"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "If-Match": f'"{person["version"]}"'}
        began = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        answer.read()
        self.seconds.append(time.perf_counter() - began)
        self.statuses.append(answer.status)
        person["calls"] += 1
        return answer.status


def main() -> None:
    """Load, and tell."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    groups: list[list[Person]] = json.load(sys.stdin)
    until = time.monotonic() + seconds
    walkers = [Walker(port, until, people) for people in groups]
    began = time.monotonic()
    for walker in walkers:
        walker.start()
    for walker in walkers:
        walker.join()
    told = {
        "lasted": time.monotonic() - began,
        "seconds": [one for walker in walkers for one in walker.seconds],
        "statuses": [one for walker in walkers for one in walker.statuses],
        "people": [one for walker in walkers for one in walker.people],
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
