"""A session's token used from elsewhere: the new place is remembered, written into the journal and told to the owner."""

import contextlib
from typing import Final

import msgspec

from chalicelib.kit import journal, outbox
from chalicelib.kit.access import Actor
from chalicelib.kit.call import Call
from chalicelib.kit.outbox import TellOwner
from chalicelib.kit.records.tables import Session
from chalicelib.kit.refusals import Busy, InternalError, SessionEnded
from chalicelib.kit.session import place_of
from chalicelib.kit.tables import Get, fetch
from chalicelib.kit.transaction import Step, commit
from chalicelib.kit.vault import OwnerKey

TOLD: Final = "Ваш открытый сеанс в кабинете медработника продолжен из другого места."


def notice(call: Call, actor: Actor) -> Actor:
    """Follow a session to its new place, once; another device must confirm itself before anything dangerous.

    A phone changes its network many times a day, so of networks only the first change in a session is told, and of
    devices too: nobody's programs, changing their names, can spend the messages of all.
    """
    place = place_of(call.request)
    (session,) = fetch((Get(Session, actor.handle, actor.session_id),))
    if session is None:
        raise SessionEnded
    fresh = {"factor_at": int(session.factor_at), "signing_until": int(session.signing_until)}
    if (session.source, session.device) == place:  # a parallel call was first: what it took is gone for this one too
        return msgspec.structs.replace(actor, origin=session.origin, **fresh)
    if session.device != place[1]:
        fresh = {"factor_at": 0, "signing_until": 0}
    key = OwnerKey(actor.person_id, actor.wrapped_key)
    origin = key.seal("session/origin", {"address": call.request.network, "device": call.request.device})
    with contextlib.suppress(Busy):  # a parallel call has noticed it already
        commit(_steps(call, session, origin, is_other_device=session.device != place[1]))
    return msgspec.structs.replace(actor, origin=origin, **fresh)


def _steps(call: Call, session: Session, origin: bytes, *, is_other_device: bool) -> list[Step]:
    source, device = place_of(call.request)
    changes = [Session.source.set(source), Session.device.set(device), Session.origin.set(origin)]
    if is_other_device:
        changes += [Session.factor_at.set(0), Session.signing_until.set(0)]
    record = journal.by_person(session.person_id, "session.moved", call.operation.name, call.trace_id)
    record.objects, record.origin = [session.session_id], origin
    unmoved = (Session.source == session.source) & (Session.device == session.device)
    steps = [Step("update", session, Busy, changes, unmoved), Step("put", record, InternalError)]
    if session.told != "device" and (is_other_device or not session.told):
        changes.append(Session.told.set("device" if is_other_device else "network"))
        told = TellOwner(person_id=session.person_id, subject="Сеанс из другого места", text=TOLD, not_me=True)
        steps.append(Step("put", outbox.row(told, call.trace_id), InternalError))
    return steps
