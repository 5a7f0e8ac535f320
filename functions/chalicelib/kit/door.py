"""The one way in: who calls · may he · is the request right · the operation · one write · the answer."""

from typing import Any, Final

import msgspec

from chalicelib.kit import body, clock, idempotency, ids, journal, log, moves, outbox, session, settings
from chalicelib.kit.access import ByCase, InOrganisation
from chalicelib.kit.call import Call, NotYours
from chalicelib.kit.catalogue import Operation
from chalicelib.kit.counts.tables import Counter
from chalicelib.kit.outbox import Effect
from chalicelib.kit.problem import CONTENT_TYPE, Refusal, wrong
from chalicelib.kit.refusals import (
    BodyTooLarge,
    ConsentRequired,
    CrossSiteCall,
    FreshFactorRequired,
    FullSignInRequired,
    IdentityNotConfirmed,
    InternalError,
    NotFound,
    NotSignedIn,
    PasswordExpired,
    RoleNotAllowed,
    SessionEnded,
    TemporarilyUnavailable,
    TooManyCalls,
    TooManyGuesses,
    UnsupportedMediaType,
    VersionRequired,
    WorkplaceRequired,
    WrongFields,
)
from chalicelib.kit.tables import is_outage
from chalicelib.kit.transaction import AlreadyAnswered, Step, commit
from chalicelib.kit.web import Reply, Request

FRESH_SECONDS = 600
_NEVER_REPLAYED = (NotSignedIn, SessionEnded, CrossSiteCall, RoleNotAllowed, TooManyCalls, TooManyGuesses, NotYours)
_DUE: Final = {"consent": ConsentRequired, "password": PasswordExpired, "workplace": WorkplaceRequired}


class Visit:
    """The passage of one request through the door."""

    def __init__(self, operation: Operation, request: Request) -> None:
        self.operation = operation
        self.request = request
        self.call = Call(operation, request)
        self.keyed: idempotency.KeyedRequest | None = None

    def answer(self) -> Reply:
        """Answer the request; every failure becomes a problem."""
        try:
            return self._answered()
        except Exception as error:  # noqa: BLE001 - the last line: nothing of the inside leaves
            log.failure("unexpected", self.request.trace_id, error, operation=self.operation.name)
            return self._told(TemporarilyUnavailable() if is_outage(error) else InternalError())

    def _answered(self) -> Reply:
        try:
            return self._perform()
        except AlreadyAnswered as found:
            return self._repeat(found)
        except Refusal as refusal:
            return self._refuse(refusal)
        except Exception as error:
            if not is_outage(error):
                raise
            log.failure("outage", self.request.trace_id, error, operation=self.operation.name)
            return self._refuse(TemporarilyUnavailable())  # unless the change stands and only its answer was lost

    def _perform(self) -> Reply:
        self._identify()
        self._admit()
        arguments = self._read()
        result = self.operation.function(self.call, **arguments)
        self._prove_written()
        reply = self._reply(result)
        self._write(reply)
        return reply

    def _identify(self) -> None:
        if self.operation.public:
            self._count()
            self.keyed = self._key("public")
            return
        if self.operation.renews:
            self.keyed = self._key("/".join(("token", *session.presented(self.request))))
        actor = session.check(self.request, changes=self.operation.changes)
        self.call.identified = moves.notice(self.call, actor) if actor.moved else actor
        self.keyed = self.keyed or self._key(f"{actor.person_id}/{actor.role}/{actor.organisation_id}")

    def _key(self, caller: str) -> idempotency.KeyedRequest | None:
        if not self.operation.changes:
            return None
        return idempotency.keyed(self.request, self.operation.name, caller, required=self.operation.keyed)

    def _count(self) -> None:
        self.call.visits = Counter.visit(self.call.source)
        if self.call.visits.calls > settings.PUBLIC_CALLS_A_MINUTE:
            raise TooManyCalls(retry_after=60 - clock.epoch() % 60)

    def _admit(self) -> None:
        if self.operation.public:
            return
        actor = self.call.actor
        if actor.role not in self.operation.allow:
            raise RoleNotAllowed
        if not actor.confirmed and not self.operation.claimed:
            raise IdentityNotConfirmed
        if actor.due and not self.operation.unsettled:
            raise _DUE[actor.due.split()[0]]
        if self.operation.fresh and actor.factor_at + FRESH_SECONDS < clock.epoch():
            raise FreshFactorRequired
        if self.operation.full and actor.opened_at + FRESH_SECONDS < clock.epoch():
            raise FullSignInRequired
        self.call.relation = self.operation.allow[actor.role]
        if isinstance(self.call.relation, InOrganisation) and actor.organisation_id is None:
            raise RoleNotAllowed

    def _read(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {name: self.request.path_values[name] for name in self.operation.path_names}
        if not all(ids.is_one(value) for value in arguments.values()):
            raise NotFound
        if self.operation.match:
            tag = self.request.headers.get("if-match", "")
            if not tag.startswith('"') or not tag.strip('"').isascii() or not tag.strip('"').isdigit():
                raise VersionRequired
        if self.operation.query is not None:
            arguments["query"] = body.convert(self._pairs(), self.operation.query, strict=False)
        elif self.request.query:
            raise WrongFields(
                [wrong(f"/{name[:64]}", "Такого параметра нет.", "unknown") for name in self.request.query]
            )
        if self.operation.body is not None:
            arguments["body"] = self._body()
        return arguments

    def _pairs(self) -> dict[str, str]:
        twice = [name for name, values in self.request.query.items() if len(values) > 1]
        if twice:
            raise WrongFields(
                [wrong(f"/{name}", "Параметр указан дважды: оставьте один.", "repeated") for name in twice]
            )
        pairs = {name: values[0] for name, values in self.request.query.items()}
        empty = [
            name for name, value in pairs.items() if value.lower() == "null"
        ]  # msgspec would take it for none given
        if empty:
            raise WrongFields([wrong(f"/{name}", "Уберите параметр, если он не нужен.") for name in empty])
        return pairs

    def _body(self) -> Any:
        if len(self.request.body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        kind = self.request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMediaType
        return body.convert(body.read_json(self.request.body), self.operation.body or object)

    def _prove_written(self) -> None:
        for step in self.call.transaction.steps:
            if step.kind != "check":
                self.call.prove(step.item)
        if not self.call.proven:
            raise NotFound
        if isinstance(self.call.relation, ByCase) and all(step.kind != "check" for step in self.call.transaction.steps):
            raise LookupError(f"{self.operation.name} acts by a case and never checks it in its transaction.")
        if self.operation.match and not self.call.matched:
            raise LookupError(f"{self.operation.name} declares match=True but never calls call.match.")

    def _reply(self, result: Any) -> Reply:
        headers = {**self.call.headers, "Cache-Control": "no-store"}
        if isinstance(result, bytes):
            return Reply(status=self.operation.status, body=result, content_type=self.operation.media, headers=headers)
        text = b"" if result is None else msgspec.json.encode(result, enc_hook=str)
        return Reply(status=self.operation.status, body=text, headers=headers)

    def _write(self, reply: Reply) -> None:
        steps = list(self.call.transaction.steps)
        record = journal.step(self.call, "done", self.call.visits.calls)
        if not steps and not self.call.transaction.effects and self.keyed is None:
            journal.alone(record)
            return
        steps += self._rows(self.call.transaction.effects)
        if self.keyed is not None:
            kept = self.keyed.keep(reply)
            steps.append(Step("put", kept, InternalError, condition=type(kept).record.does_not_exist()))
        commit([*steps, record])

    def _repeat(self, found: AlreadyAnswered) -> Reply:
        if self.keyed is None:
            raise LookupError("Only a keyed request can have been answered before.")
        try:
            reply = self.keyed.open(found.stored)
        except Refusal as refusal:
            return self._told(refusal)
        journal.alone(journal.step(self.call, "repeated", self.call.visits.calls))
        return reply

    def _refuse(self, refusal: Refusal) -> Reply:
        try:
            if self.keyed is not None and self._may_replay(refusal):
                reply = self.keyed.stored()
                if reply is not None:
                    journal.alone(journal.step(self.call, "repeated", self.call.visits.calls))
                    return reply
        except Refusal as other:
            refusal = other
        return self._told(refusal)

    def _may_replay(self, refusal: Refusal) -> bool:
        """Tell whether a stored answer may be given instead; one that holds a new token is owed to the old one."""
        is_renewed = self.operation.renews and isinstance(refusal, SessionEnded)
        return is_renewed or not isinstance(refusal, _NEVER_REPLAYED)

    def _told(self, refusal: Refusal) -> Reply:
        """Record a refusal and tell it; it stands even when its record cannot be written, its aftermath does not."""
        try:
            self._record(refusal)
        except Exception as error:  # noqa: BLE001 - see above
            log.failure("refusal-not-recorded", self.request.trace_id, error, operation=self.operation.name)
            if isinstance(error, Refusal) and self.call.aftermath.steps:
                return problem(error, self.request.trace_id)
        return problem(refusal, self.request.trace_id)

    def _record(self, refusal: Refusal) -> None:
        if refusal.is_guess and self.call.guesses is not None:
            Counter.guessed_wrong(self.call.source, self.call.guesses)
        if self.call.identified is None and not self.operation.public:
            self.call.visits = Counter.visit(self.call.source)
        record = journal.step(self.call, refusal.code(), self.call.visits.calls)
        aftermath = self.call.aftermath
        if aftermath.steps or aftermath.effects:
            commit([*aftermath.steps, *self._rows(aftermath.effects), record])
        else:
            journal.alone(record)

    def _rows(self, effects: list[Effect]) -> list[Step]:
        return [Step("put", outbox.row(effect, self.call.trace_id), InternalError) for effect in effects]


def problem(refusal: Refusal, trace_id: str) -> Reply:
    """Turn a refusal into its HTTP answer."""
    return Reply(
        status=refusal.status,
        body=msgspec.json.encode(refusal.problem(trace_id)),
        content_type=CONTENT_TYPE,
        headers={**refusal.headers(), "Content-Language": "ru", "Cache-Control": "no-store"},
    )
