"""The first administrator and the first security officer: run by the operator, once for a deployment.

    python -m infra.bootstrap --stage dev            # asks for СНИЛС and e-mail of two different people, sends both letters
    python -m infra.bootstrap --stage dev --print    # prints the two numbers instead, when letters do not work yet

With the AWS credentials of the operator; the deployment secret must be there. People are asked for on standard input, so
that no personal data stand in the shell's history or in the list of processes. Nothing secret is printed unless `--print` asks for it.

Each invited person accepts through Gosuslugi or a signature within three days, as everybody who is invited does. Both
invitations are journalled under the operator's own identifier. A second run is refused while the letters are good and
for ever once both roles are held; if a letter was not used in time, the next run invites again for what is still vacant.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra import deployment  # noqa: E402 - found through the two paths above

if __name__ == "__main__":
    deployment.enter_named()

from chalicelib.kit import clock, ids, journal, outbox  # noqa: E402 - it reads the environment
from chalicelib.kit.access import Grant, Role  # noqa: E402 - see above
from chalicelib.kit.problem import Refusal  # noqa: E402 - see above
from chalicelib.kit.records.tables import Once  # noqa: E402 - see above
from chalicelib.kit.refusals import InternalError  # noqa: E402 - see above
from chalicelib.kit.tables import Get, fetch  # noqa: E402 - see above
from chalicelib.kit.text import Email, Snils, Text  # noqa: E402 - see above
from chalicelib.kit.transaction import Step, commit  # noqa: E402 - see above
from chalicelib.roles.rules import CABINET, OPERATOR  # noqa: E402 - see above
from chalicelib.roles.schemas import LIFE_SECONDS, letter, new_invitation  # noqa: E402 - see above
from chalicelib.roles.tables import RoleCount  # noqa: E402 - see above

ROLES: Final = (Role.ADMIN, Role.SECURITY)
Invited = tuple[Snils, Email]


class BootstrapDone(Refusal):
    """The first people were invited before."""

    title = "Первые приглашения уже отправлены"
    detail = (
        "Первые приглашения уже отправлены. Пока они действуют (трое суток) и когда обе роли заняты, "
        "второй раз этого не делают: дальше приглашают сами администратор и служба безопасности."
    )


def main(arguments: list[str] | None = None) -> int:
    """Ask, invite, tell; 1 when nothing was done."""
    parser = argparse.ArgumentParser(prog="python -m infra.bootstrap", description="Пригласить первых двух людей.")
    parser.add_argument("--stage", required=True, help="стадия: dev или prod")
    parser.add_argument("--print", action="store_true", dest="shown", help="показать номера, а не отправлять письма")
    shown = parser.parse_args(arguments).shown
    try:
        roles = vacant()
        print(*invite({role: _ask(role) for role in roles}, shown=shown), sep="\n")
    except BootstrapDone as refusal:
        return _refuse(refusal.sentence)
    except ValueError as wrong:
        return _refuse(f"Ничего не сделано: {wrong}")
    return 0


def vacant() -> list[Role]:
    """Return which of the first two roles nobody holds; refuses when both are held."""
    counts = fetch(tuple(Get(RoleCount, f"{CABINET}#{role}") for role in ROLES))
    found = [role for role, one in zip(ROLES, counts, strict=True) if one is None or one.holders < 1]
    if not found:
        raise BootstrapDone
    return found


def invite(people: dict[Role, Invited], *, shown: bool = False) -> list[str]:
    """Write the invitations, their journal record and their letters in one transaction; returns what to print."""
    if len({snils for snils, _ in people.values()}) < len(people):
        raise ValueError("администратор и сотрудник службы безопасности — разные люди, а СНИЛС один.")
    trace, said = ids.token(), []
    record = journal.by_person(OPERATOR, "role.invited", "bootstrap", trace)
    record.role, record.fields = "system", [f"role.{role}" for role in people]
    steps = [
        Step("put", _mark(), BootstrapDone, condition=Once.what.does_not_exist() | (Once.expires <= clock.epoch()))
    ]
    for role, (snils, email) in people.items():
        grant = Grant(role=role)
        made, number = new_invitation(grant, CABINET, snils, email, OPERATOR)
        nobody = RoleCount.holders.does_not_exist() | (RoleCount.holders < 1)
        steps.append(Step("check", Get(RoleCount, f"{CABINET}#{role}"), BootstrapDone, condition=nobody))
        steps.append(Step("put", made, InternalError, condition=made.is_new()))
        record.objects.append(made.invitation_id)
        if shown:
            said.append(f"{role.label}: {number}")
        else:
            steps.append(Step("put", outbox.row(letter(grant, email, number), trace), InternalError))
            said.append(f"{role.label}: письмо отправлено, приглашение {made.invitation_id}, действует трое суток.")
    commit([*steps, Step("put", record, InternalError)])
    return said


def _mark() -> Once:
    return Once(what="bootstrap", expires=clock.epoch() + LIFE_SECONDS)


def _ask(role: Role) -> Invited:
    snils, email = _answers(f"{role.label}, СНИЛС: ", f"{role.label}, почта: ")
    return Snils.parse(snils), Email.parse(email)


def _answers(*questions: str) -> Iterator[str]:
    for question in questions:
        print(question, end="", file=sys.stderr, flush=True)
        yield Text.parse(sys.stdin.readline().rstrip("\n"))


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(deployment.tell(main))
