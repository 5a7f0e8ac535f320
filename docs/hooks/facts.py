"""What pages say of the cabinet by short-codes: names, limits and links come from the code; a wrong one stops the build.

    {{ operation("read_profile") }}   the operation's sentence with a link to its page of the reference
    {{ refusal("stale") }}            the refusal's title with a link to its entry
    {{ status("profile", "on_check") }}, {{ role("hr") }}, {{ limit("code_minutes") }}, {{ term("СНИЛС") }}
    {{ address() }}                   where the cabinet and these pages are reached
    {{ page("recovery.md") }}         a page's own title with a link to it
    {{ day(one.date) }}               a date in words
    {{ diagram("sign-in") }}          the picture of `docs/diagrams/sign-in.mmd`, and in words what it shows

What maintainers write as data (`docs/data/NAME.yml`) is at hand under its name: `{% for one in glossary %}`.
"""

import json
import posixpath
import re
import sys
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jinja2
import yaml
from msgspec import inspect

ROOT: Final = Path(__file__).resolve().parents[2]
for _place in (ROOT, ROOT / "functions"):
    if str(_place) not in sys.path:
        sys.path.insert(0, str(_place))

from chalicelib.kit import catalogue, settings  # noqa: E402 - found through the two paths above
from chalicelib.kit.access import Role  # noqa: E402 - see above
from infra import diagrams, openapi  # noqa: E402 - see above

DOCS: Final = ROOT / "docs"
DATA: Final = DOCS / "data"
ENGINEERING: Final = "engineering/"
ERRORS: Final = "errors.md"
GLOSSARY: Final = "help/glossary.md"
_HEADING: Final = re.compile(r"^# (.+?)(?: *\{.*\})?$", re.MULTILINE)
_MONTHS: Final = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
_MINUTE, _HOUR, _DAY = 60, 3600, 24 * 3600


class FactError(ValueError):
    """A page names something that the cabinet does not know."""


def render(text: str, page: str) -> str:
    """Fill the short-codes of a page whose path in `docs` is `page`."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        comment_start_string="{##",
        comment_end_string="##}",
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the text is Markdown, and all values are the project's own
    )
    environment.globals.update({name: _for(page, one) for name, one in SHORT_CODES.items()})
    environment.globals.update({file.stem: data(file.stem) for file in DATA.glob("*.yml")})
    try:
        return environment.from_string(text).render()
    except (jinja2.TemplateError, FactError) as wrong:
        raise FactError(f"{page}: {wrong}") from wrong


def _for(page: str, code: Callable[..., str]) -> Callable[..., str]:
    return lambda *arguments: code(page, *arguments)


def link(page: str, target: str) -> str:
    """Return the address of a page of the site as another page's Markdown names it."""
    path, hash_sign, anchor = target.partition("#")
    return posixpath.relpath(path, posixpath.dirname(page) or ".") + hash_sign + anchor


def operation(page: str, name: str) -> str:
    """Name an operation by its sentence and lead to its page of the reference."""
    found = _operation(name)
    return f"[«{sentence(found)}»]({link(page, f'api/{found.domain}/{name}.md')})"


def refusal(page: str, code: str) -> str:
    """Name a refusal by its title and lead to its entry."""
    if code not in refusals():
        raise FactError(f"There is no refusal {code}.")
    return f"[«{refusals()[code]}»]({link(page, f'{ERRORS}#{code}')})"


def status(_: str, of: str, value: str) -> str:
    """Name a status in Russian, as the cabinet does."""
    try:
        return f"«{statuses()[of][value]}»"
    except KeyError:
        raise FactError(f"There is no status {value} of {of}.") from None


def role(_: str, name: str) -> str:
    """Name a role in Russian, as the cabinet does."""
    try:
        return Role(name).label
    except ValueError:
        raise FactError(f"There is no role {name}.") from None


def limit(_: str, name: str) -> str:
    """Give a number that the code keeps to."""
    if name not in limits():
        raise FactError(f"There is no limit {name}.")
    return f"{limits()[name]:,}".replace(",", "\N{NO-BREAK SPACE}")


def term(page: str, name: str) -> str:
    """Name a term and lead to its entry in the glossary."""
    if name not in terms():
        raise FactError(f"The glossary has no term {name}.")
    return f"[{name}]({link(page, f'{GLOSSARY}#{anchor_of(name)}')})"


def address(_: str) -> str:
    """Give the address of the cabinet for which the pages are built."""
    return settings.public_url()


def page(of: str, target: str) -> str:
    """Name a page by its own title and lead to it."""
    return f"[«{title_of(target)}»]({link(of, target)})"


def day(_: str, value: date) -> str:
    """Give a date in words."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year} года"


def diagram(page: str, name: str) -> str:
    """Show a diagram, larger when it is pressed, and say below what it shows."""
    source = diagrams.SOURCES / f"{name}.mmd"
    if not source.exists():
        raise FactError(f"There is no diagram {name}.")
    title, description = diagrams.said(source)
    picture = link(page, f"assets/diagrams/{name}.svg")
    return f"[![Схема: {title}]({picture})]({picture})\n\n*Схема словами.* {description}"


SHORT_CODES: Final[dict[str, Callable[..., str]]] = {
    "operation": operation,
    "refusal": refusal,
    "status": status,
    "role": role,
    "limit": limit,
    "term": term,
    "address": address,
    "page": page,
    "day": day,
    "diagram": diagram,
}


def sentence(found: catalogue.Operation) -> str:
    """Return what an operation does, without the full stop."""
    return (found.function.__doc__ or "").strip().splitlines()[0].rstrip(".")


def written_pages() -> list[str]:
    """Return the pages that people write, each by its path in `docs`."""
    found = (one.relative_to(DOCS).as_posix() for one in DOCS.rglob("*.md"))
    return sorted(one for one in found if not one.startswith(ENGINEERING))


def title_of(path: str) -> str:
    """Return the heading of a written page by its path in `docs`."""
    file = DOCS / path
    if file.suffix != ".md" or path.startswith(ENGINEERING) or not file.is_file():
        raise FactError(f"There is no page {path}.")
    heading = _HEADING.search(file.read_text(encoding="utf-8"))
    if heading is None:
        raise FactError(f"The page {path} has no heading.")
    return heading[1]


def _operation(name: str) -> catalogue.Operation:
    operations()
    if name not in catalogue.operations:
        raise FactError(f"There is no operation {name}.")
    found = catalogue.operations[name]
    if found.internal:
        raise FactError(f"The operation {name} is internal and has no page.")
    return found


def operations() -> dict[str, catalogue.Operation]:
    """Return all operations by name."""
    catalogue.load()
    return catalogue.operations


@lru_cache(maxsize=1)
def refusals() -> dict[str, str]:
    """Return the title of every refusal that a client may meet, the gateway's own too."""
    from chalicelib.kit.problem import known  # noqa: PLC0415 - after the catalogue

    operations()
    ours = {code: one.title for code, one in known().items() if one.__module__.startswith("chalicelib.")}
    return ours | {said.code: said.title for said in openapi.of_the_gateway()}


@lru_cache(maxsize=1)
def statuses() -> dict[str, dict[str, str]]:
    """Return the Russian names of statuses by what they belong to."""
    operations()
    from chalicelib.accounts import close_account, read_worker  # noqa: PLC0415 - after the catalogue
    from chalicelib.administration import schemas as administration  # noqa: PLC0415 - see above
    from chalicelib.journal import schemas as journal  # noqa: PLC0415 - see above
    from chalicelib.profile import schemas as profile  # noqa: PLC0415 - see above
    from chalicelib.roles import schemas as roles  # noqa: PLC0415 - see above

    return {
        "profile": profile.STATUS_NAMES,
        "check": profile.RESULT_NAMES,
        "closing": _names_in(close_account.CloseAccount, "reason"),
        "identity": _names_in(read_worker.WorkerCard, "identity"),
        "inspection": _names_in(journal.CheckOfUs, "status"),
        "invitation": _names_in(roles.InvitationView, "state"),
        "organisation": _names_in(administration.OrganisationView, "state"),
        "organisation_kind": _names_in(administration.OrganisationView, "kind"),
    }


def _names_in(struct: type[Any], field: str) -> dict[str, str]:
    """Return the names that a field's description gives to its values, as in `open — ждёт, accepted — принято`."""
    return dict(re.findall(r"(\w+) — ([^,.:]+)", _meta_of(struct, field).extra_json_schema["description"]))


def _meta_of(struct: type[Any], field: str) -> Any:
    """Return what a field is annotated with: its type with bounds, title and description."""
    described: Any = inspect.type_info(struct)
    return next(one.type for one in described.fields if one.name == field)


@lru_cache(maxsize=1)
def limits() -> dict[str, int]:
    """Return the numbers that pages may name, each from the place where the code keeps it."""
    operations()
    from chalicelib.accounts import schemas as accounts  # noqa: PLC0415 - after the catalogue
    from chalicelib.help.rules import RATINGS_A_DAY  # noqa: PLC0415 - see above
    from chalicelib.kit import (  # noqa: PLC0415 - see above
        call,
        codes,
        door,
        idempotency,
        options,
        problem,
        recovery_codes,
    )
    from chalicelib.kit.tries.tables import LIMITS  # noqa: PLC0415 - see above
    from chalicelib.registration import schemas as registration  # noqa: PLC0415 - see above
    from chalicelib.sign_in import schemas as sign_in  # noqa: PLC0415 - see above

    usual = options.Options()
    return {
        "code_minutes": codes.LIFE_SECONDS // _MINUTE,
        "code_tries": codes.TRIES_AN_HOUR,
        "password_tries": LIMITS["password"],
        "fresh_minutes": door.FRESH_SECONDS // _MINUTE,
        "idle_minutes": usual.idle_minutes,
        "session_hours": usual.absolute_hours,
        "sessions": settings.MAX_SESSIONS,
        "sign_in_minutes": sign_in.TICKET_SECONDS // _MINUTE,
        "registration_minutes": registration.FLOW_SECONDS // _MINUTE,
        "activation_hours": accounts.ACTIVATION_SECONDS // _HOUR,
        "not_me_days": accounts.NOT_ME_SECONDS // _DAY,
        "recovery_codes": recovery_codes.COUNT,
        "calls_a_minute": settings.CALLS_A_MINUTE,
        "public_calls_a_minute": settings.PUBLIC_CALLS_A_MINUTE,
        "body_kib": settings.MAX_BODY_BYTES // 1024,
        "errors_at_once": problem.MAX_ERRORS,
        "cursor_hours": call.CURSOR_SECONDS // _HOUR,
        "ratings_a_day": RATINGS_A_DAY,
        "repeat_hours": idempotency.KEEP_SECONDS // _HOUR,
        **_limits_of_programs(),
        **_limits_of_doors(),
        **_limits_of_passwords(),
        **_limits_of_keeping(),
        **_limits_of_settings(),
    }


def _limits_of_programs() -> dict[str, int]:
    """Return what programs have to reckon with: lists, files, and what stands before the cabinet."""
    from chalicelib.journal import schemas as journal  # noqa: PLC0415 - after the catalogue
    from chalicelib.kit import listing  # noqa: PLC0415 - see above
    from infra.templates import edge, gateway  # noqa: PLC0415 - see above

    return {
        "page_records": listing.USUAL,
        "page_records_most": listing.MOST,
        "file_records": journal.FILE_RECORDS,
        "address_calls": edge.CALLS_IN_FIVE_MINUTES,
        "address_minutes": edge.RATE_SECONDS // _MINUTE,
        "address_rest_seconds": edge.RATE_SECONDS,
        "calls_a_second": gateway.CALLS_A_SECOND,
        "calls_at_once": gateway.BURST,
    }


def _limits_of_doors() -> dict[str, int]:
    """Return what the doors, the factors and the codes keep to."""
    from chalicelib.factors import rules as factors  # noqa: PLC0415 - after the catalogue
    from chalicelib.factors import start_passkey, start_totp  # noqa: PLC0415 - see above
    from chalicelib.kit import options, outside, totp  # noqa: PLC0415 - see above
    from chalicelib.kit.text import FactorName  # noqa: PLC0415 - see above
    from chalicelib.kit.tries.tables import DELAYS, MOST_IN_A_ROW  # noqa: PLC0415 - see above
    from chalicelib.notices import schemas as notices  # noqa: PLC0415 - see above
    from chalicelib.roles import schemas as roles  # noqa: PLC0415 - see above
    from chalicelib.sessions import schemas as sessions  # noqa: PLC0415 - see above
    from chalicelib.sign_in import ports  # noqa: PLC0415 - see above
    from chalicelib.signatures import rules as signatures  # noqa: PLC0415 - see above

    return {
        "app_minutes": start_totp.PENDING_SECONDS // _MINUTE,
        "app_code_seconds": totp.STEP_SECONDS,
        "codes_at_once": notices.CODES_IN_TEN_MINUTES,
        "codes_at_once_minutes": notices.CODE_SECONDS // _MINUTE,
        "codes_a_day": notices.CODES_A_DAY,
        "delay_after_tries": min(DELAYS),
        "delay_seconds": min(DELAYS.values()),
        "delay_longest_minutes": max(DELAYS.values()) // _MINUTE,
        "device_days": sessions.DEVICE_SECONDS // _DAY,
        "esia_minutes": ports.FLOW_SECONDS // _MINUTE,
        "factor_name_letters": FactorName.max_length,
        "guesses_an_hour": settings.WRONG_GUESSES_AN_HOUR,
        "invitation_hours": roles.LIFE_SECONDS // _HOUR,
        "outside_rest_seconds": outside.OPEN_SECONDS,
        "outside_seconds": int(outside.BUDGET_SECONDS),
        "passkey_minutes": start_passkey.TICKET_SECONDS // _MINUTE,
        "passkeys": factors.MOST_PASSKEYS,
        "passwords_in_a_row": MOST_IN_A_ROW,
        "signature_kib": signatures.MAX_BYTES // 1024,
        "signing_minutes": options.Options().signing_minutes,
    }


def _limits_of_passwords() -> dict[str, int]:
    """Return the numbers of both security profiles; those of the modern one are called so."""
    from chalicelib.accounts import rules as accounts  # noqa: PLC0415 - after the catalogue
    from chalicelib.kit import options  # noqa: PLC0415 - see above

    by_name = {one.name: one.password for one in options.profiles()}
    usual, modern = by_name["description"], by_name["modern"]
    return {
        "password_shortest": usual.shortest,
        "password_longest": usual.longest,
        "password_days": usual.days,
        "password_warning_days": usual.warning_days,
        "password_history": usual.history,
        "login_run": accounts.LOGIN_RUN,
        "modern_password_shortest": modern.shortest,
        "modern_password_longest": modern.longest,
    }


def _limits_of_keeping() -> dict[str, int]:
    """Return how long things are kept, and how much of them is given at once."""
    from chalicelib.journal import open_check  # noqa: PLC0415 - after the catalogue
    from chalicelib.journal import schemas as journal  # noqa: PLC0415 - see above
    from chalicelib.profile import rules as profile  # noqa: PLC0415 - see above
    from infra import verify_journal  # noqa: PLC0415 - see above

    closed = {one["assurance"]: one["days"] for one in _rules("accounts/data/retention.json")}
    journalled = {one["kind_prefix"]: one["days"] for one in _rules("kit/data/journal_retention.json")}
    inspection = _meta_of(open_check.OpenCheck, "days").type
    return {
        "contact_days": profile.LONG_AGO_DAYS,
        "journal_file_records": journal.FILE_RECORDS,
        "journal_days": journalled[""],
        "session_record_days": journalled["session."],
        "seal_minutes": verify_journal.WINDOW_SECONDS // _MINUTE,
        "check_days_least": inspection.ge,
        "check_days_most": inspection.le,
        "closed_days": closed["confirmed"],
        "closed_claimed_days": closed["claimed"],
    }


def _limits_of_settings() -> dict[str, int]:
    """Return the bounds of what administrators may set."""
    from chalicelib.kit import options  # noqa: PLC0415 - after the catalogue

    names = ("idle_minutes", "absolute_hours", "signing_minutes")
    kinds = {name: _meta_of(options.Options, name).type for name in names}
    least = {f"{name}_least": kind.ge for name, kind in kinds.items()}
    return least | {f"{name}_most": kind.le for name, kind in kinds.items()}


def _rules(file: str) -> list[dict[str, Any]]:
    """Return the dated terms of one of the code's data files that are in force today, the newest at the end."""
    from chalicelib.kit import clock  # noqa: PLC0415 - after the catalogue

    today = clock.today().isoformat()
    every: list[dict[str, Any]] = json.loads((ROOT / "functions/chalicelib" / file).read_text("utf-8"))["rules"]
    valid = [one for one in every if one["valid_from"] <= today <= (one["valid_to"] or "9999-12-31")]
    return sorted(valid, key=lambda one: str(one["valid_from"]))


@lru_cache(maxsize=1)
def terms() -> dict[str, str]:
    """Return the glossary: what each term means, in Markdown."""
    return {one["term"]: one["meaning"] for one in data("glossary")}


def anchor_of(name: str) -> str:
    """Return the anchor of a term."""
    return "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())


def data(name: str) -> Any:
    """Read one of the data files that maintainers of the pages write, as it is now: a preview follows their changes."""
    file = DATA / f"{name}.yml"
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=100)
def _read(file: Path, _: int) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))
