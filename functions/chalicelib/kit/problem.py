"""Expected refusals: each is a class with a status, a stable code and a Russian sentence."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec

from chalicelib.kit import settings

CONTENT_TYPE: Final = "application/problem+json"
MAX_ERRORS: Final = 50


class FieldError(msgspec.Struct, frozen=True):
    """One wrong field: where (JSON Pointer), which rule, and what to do in Russian."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every failure (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    trace_id: str
    errors: list[FieldError] = []


class Refusal(Exception):  # noqa: N818 - a refusal is expected, not an error
    """An expected «no». Subclasses are statements: `VisitOverlaps` gives the code `visit-overlaps`."""

    status: ClassVar[int] = 409
    title: ClassVar[str]
    detail: ClassVar[str]
    retry_after: int | None = None
    is_guess: ClassVar[bool] = False  # whether something secret was guessed wrong: a source has few such tries

    def __init__(self, errors: Iterable[FieldError] = (), *, retry_after: int | None = None, **facts: object) -> None:
        super().__init__(type(self).code())
        self.errors = list(errors)[:MAX_ERRORS]
        self.retry_after = retry_after or type(self).retry_after
        self.sentence = self.detail.format(**facts) if facts else self.detail

    @classmethod
    def code(cls) -> str:
        """Return the stable code: the class name in kebab-case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @classmethod
    def help_url(cls) -> str:
        """Return the address of the entry of this code in the help centre."""
        return f"{settings.public_url()}/errors/#{cls.code()}"

    def problem(self, trace_id: str) -> Problem:
        """Make the body of the answer."""
        return Problem(
            type=self.help_url(),
            title=self.title,
            status=self.status,
            detail=self.sentence,
            code=self.code(),
            errors=self.errors,
            trace_id=trace_id,
        )

    def headers(self) -> dict[str, str]:
        """Return the headers that go with the refusal."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}


def wrong(pointer: str, detail: str, code: str = "invalid") -> FieldError:
    """Name one wrong field."""
    return FieldError(pointer=pointer, code=code, detail=detail)


def known() -> dict[str, type[Refusal]]:
    """Return every refusal class loaded so far, by code."""
    found: dict[str, type[Refusal]] = {}
    queue: list[type[Any]] = [Refusal]
    while queue:
        for child in queue.pop().__subclasses__():
            queue.append(child)
            if hasattr(child, "title"):
                found[child.code()] = child
    return found
