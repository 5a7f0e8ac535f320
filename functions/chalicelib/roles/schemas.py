"""What the operations on roles share: invitations made and accepted, roles taken away, and how both are shown."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, identifiers, ids, secret, settings
from chalicelib.kit.access import Grant, Role
from chalicelib.kit.body import Answer
from chalicelib.kit.outbox import Email
from chalicelib.kit.tables import Get
from chalicelib.kit.text import Token
from chalicelib.kit.transaction import Transaction
from chalicelib.roles.refusals import InvitationEnded, LastHolder, RoleAlreadyHeld
from chalicelib.roles.rules import (
    INVITED,
    NEVER_EMPTY,
    NOT_LEFT_EMPTY,
    OPERATOR,
    grantor_of,
    place_of,
    refuse_unfitting,
)
from chalicelib.roles.tables import Invitation, RoleCount, RoleHolder

LIFE_SECONDS = 72 * 3600
KEEP_SECONDS = 365 * 24 * 3600
ROLES = f"{'; '.join(f'{role.value} — {role.label}' for role in Role)}."
_NUMBER = re.compile(r"(inv_[0-9a-f]{32})\.([0-9a-f]{64})\.(.{1,64})")
InvitationNumber = Annotated[Token, Meta(title="Номер приглашения", description="Из письма, целиком.")]
RoleField = Annotated[Role, Meta(title="Роль", description=ROLES)]
OrganisationField = Annotated[str | None, Meta(title="Организация роли", description="Номер организации или null.")]


class InvitationView(Answer):
    """An invitation, as its office sees it."""

    invitation_id: Annotated[str, Meta(title="Номер записи приглашения")]
    role: RoleField
    organisation_id: OrganisationField
    email: Annotated[str, Meta(title="Почта", description="Часть адреса скрыта.")]
    state: Annotated[
        Literal["open", "accepted", "withdrawn", "expired"],
        Meta(
            title="Состояние",
            description="open — ждёт, accepted — принято, withdrawn — отозвано, expired — истёк срок.",
        ),
    ]
    expires_at: Annotated[str, Meta(title="До какого времени действует")]
    version: Annotated[int, Meta(title="Версия записи", description="Передайте её в If-Match при отзыве.")]


class HolderView(Answer):
    """Who holds a role."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]
    login: Annotated[str, Meta(title="Логин")]
    role: RoleField
    organisation_id: OrganisationField
    granted_at: Annotated[str, Meta(title="Когда роль получена")]
    version: Annotated[int, Meta(title="Версия записи", description="Передайте её в If-Match при отзыве роли.")]


class RoleChanged(Answer):
    """A role was given or taken."""

    role: RoleField
    organisation_id: OrganisationField
    detail: Annotated[str, Meta(title="Что теперь")]


def new_invitation(grant: Grant, place: str, snils: str, email: str, granted_by: str) -> tuple[Invitation, str]:
    """Make an invitation and its number, which only the letter holds."""
    invitation_id, random = ids.new("inv"), secrets.token_hex(32)
    made = Invitation(
        place=place,
        invitation_id=invitation_id,
        role=grant.role.value,
        organisation_id=grant.organisation_id,
        snils_hash=secret.look_up("snils", snils),
        sealed_email=secret.seal("invitation", email.encode(), invitation_id.encode()),
        secret_hash=_hash(random),
        granted_by=granted_by,
        until=clock.epoch() + LIFE_SECONDS,
        expires=clock.epoch() + KEEP_SECONDS,
    )
    return made, f"{invitation_id}.{random}.{place}"


def letter(grant: Grant, email: str, number: str) -> Email:
    """Write the letter that carries an invitation's number and says what to do with it."""
    text = (
        f"Вас приглашают в кабинет медицинского работника в роли «{grant.role.label}».\n\n"
        "1. Войдите в кабинет через Госуслуги или по электронной подписи. Кабинета ещё нет? "
        "Начните с того же входа: кабинет откроется вместе с ролью.\n"
        "2. Откройте «Принять приглашение» и вставьте номер целиком.\n"
        "3. Выберите новую роль при следующем входе.\n\n"
        f"Номер: {number}\n\n"
        "Номер действует трое суток, один раз и только для вас. Никому его не пересылайте. "
        f"Подробнее: {settings.public_url()}/roles/\n"
        "Вы этого не ждали? Ничего не делайте."
    )
    return Email(to=email, subject="Приглашение в кабинет", text=text)


def open_invitation(number: str) -> tuple[str, str, str]:
    """Read a number: the place and identifier of the invitation, and the hash of its secret."""
    found = _NUMBER.fullmatch(number)
    if found is None:
        raise InvitationEnded
    invitation_id, random, place = found.groups()
    return place, invitation_id, _hash(random)


def refuse_ended(invitation: Invitation | None, secret_hash: str) -> Invitation:
    """Return an invitation that may be accepted with this secret; refuse a missing, used or old one."""
    if invitation is None or not hmac.compare_digest(invitation.secret_hash, secret_hash):
        raise InvitationEnded
    if invitation.state != "open" or invitation.until <= clock.epoch():
        raise InvitationEnded
    return invitation


def accept_into(
    transaction: Transaction, invitation: Invitation, person_id: str, login: str, held: Sequence[Grant]
) -> list[dict[str, Any]]:
    """Put the end of the invitation, the holder's row and its count into a transaction; return the grants to be stored.

    Who has invited must still hold the role by which he did: an invitation ends with its grantor's right.
    Whether the person is the invited one is proved by the caller: by his reservation of the СНИЛС, or by what a door
    said of a person who has no account yet (`InvitationForAnother`).
    """
    new = Grant(role=Role(invitation.role), organisation_id=invitation.organisation_id)
    refuse_unfitting(held, new)
    taken = Invitation.state.set("accepted")
    transaction.update(invitation, taken, when=Invitation.state == "open", refusal=InvitationEnded)
    if invitation.granted_by != OPERATOR:
        grantor = f"{grantor_of(new.role, invitation.place)}#{invitation.granted_by}"
        transaction.check(Get(RoleHolder, invitation.place, grantor), RoleHolder.person_id.exists(), InvitationEnded)
    give_into(transaction, new, person_id, login, invitation.granted_by)
    return with_grant(held, new)


def give_into(transaction: Transaction, grant: Grant, person_id: str, login: str, granted_by: str) -> None:
    """Put the row of a new holder, and his count where the role must not be left empty, into a transaction."""
    holder = RoleHolder(
        place=place_of(grant.organisation_id),
        role_person=f"{grant.role}#{person_id}",
        person_id=person_id,
        login=login,
        role=grant.role.value,
        organisation_id=grant.organisation_id,
        granted_by=granted_by,
        version=clock.epoch(),
    )
    transaction.put(holder, RoleAlreadyHeld)
    if grant.role in NOT_LEFT_EMPTY:
        transaction.update(_count_of(grant), RoleCount.holders.add(1))


def take_into(transaction: Transaction, grant: Grant, person_id: str, *, by_himself: bool) -> None:
    """Put the end of a holder's row into a transaction; refuses to leave empty what must not be."""
    place = place_of(grant.organisation_id)
    transaction.delete(RoleHolder(place=place, role_person=f"{grant.role}#{person_id}"))
    if grant.role not in NOT_LEFT_EMPTY:
        return
    kept = NOT_LEFT_EMPTY if by_himself else NEVER_EMPTY
    when = RoleCount.holders > 1 if grant.role in kept else None
    transaction.update(_count_of(grant), RoleCount.holders.add(-1), when=when, refusal=LastHolder)


def take_all_into(transaction: Transaction, account: Account, *, by_himself: bool) -> list[dict[str, Any]]:
    """Take every role that came by invitation; return the grants that stay, to be stored."""
    held = grants_of(account)
    for grant in held:
        if grant.role in INVITED:
            take_into(transaction, grant, account.person_id, by_himself=by_himself)
    return [msgspec.to_builtins(one) for one in held if one.role not in INVITED]


def grants_of(account: Account) -> list[Grant]:
    """Return the roles that a person holds."""
    return msgspec.convert(account.grants, list[Grant])


def with_grant(held: Sequence[Grant], new: Grant) -> list[dict[str, Any]]:
    """Return the grants to be stored when one comes."""
    return [msgspec.to_builtins(one) for one in (*held, new)]


def without(held: Sequence[Grant], grant: Grant) -> list[dict[str, Any]]:
    """Return the grants that stay when one goes."""
    return [msgspec.to_builtins(one) for one in held if one != grant]


def named(grant: Grant) -> str:
    """Name a role and its place for a message to its holder."""
    return f"«{grant.role.label}»" + (f" в организации {grant.organisation_id}" if grant.organisation_id else "")


def show_invitation(found: Invitation) -> InvitationView:
    """Show an invitation to the office that made it."""
    state: Any = found.state
    if state == "open" and found.until <= clock.epoch():
        state = "expired"
    email = secret.unseal("invitation", found.sealed_email, found.invitation_id.encode()).decode()
    return InvitationView(
        invitation_id=found.invitation_id,
        role=Role(found.role),
        organisation_id=found.organisation_id,
        email=identifiers.mask_email(email),
        state=state,
        expires_at=clock.moment(found.until),
        version=int(found.version),
    )


def show_holder(found: RoleHolder) -> HolderView:
    """Show who holds a role."""
    return HolderView(
        person_id=found.person_id,
        login=found.login,
        role=Role(found.role),
        organisation_id=found.organisation_id,
        granted_at=clock.moment(found.version),
        version=int(found.version),
    )


def _count_of(grant: Grant) -> RoleCount:
    return RoleCount(counted=f"{place_of(grant.organisation_id)}#{grant.role}")


def _hash(random: str) -> str:
    return hashlib.sha256(random.encode()).hexdigest()
