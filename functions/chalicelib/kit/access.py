"""Who calls and by what right: roles, the actor of a session, and the relations that tie him to an entity."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from chalicelib.kit.tables import Table


class Role(StrEnum):
    """The capacities in which a person may act; Russian names are what people read."""

    WORKER = "worker"
    MANAGER = "manager"
    HR = "hr"
    AUTHORITY = "authority"
    SUPPORT = "support"
    PATIENT = "patient"
    PHARMACY = "pharmacy"
    EDUCATION = "education"
    ADMIN = "admin"
    SECURITY = "security"

    @property
    def label(self) -> str:
        """The Russian name of the role."""
        return _LABELS[self]

    @property
    def at_organisation(self) -> bool:
        """Whether the role is always held at some organisation."""
        return self in {Role.MANAGER, Role.HR, Role.AUTHORITY, Role.PHARMACY, Role.EDUCATION}


_LABELS: Final = {
    Role.WORKER: "медицинский работник",
    Role.MANAGER: "руководитель",
    Role.HR: "кадровая служба",
    Role.AUTHORITY: "контролирующий орган",
    Role.SUPPORT: "поддержка",
    Role.PATIENT: "пациент",
    Role.PHARMACY: "аптека",
    Role.EDUCATION: "образовательная организация",
    Role.ADMIN: "администратор",
    Role.SECURITY: "служба безопасности",
}


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A role that a person holds, and where."""

    role: Role
    organisation_id: str | None = None


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The person of a session, in the capacity chosen at sign-in."""

    person_id: str
    handle: str
    session_id: str
    role: Role
    organisation_id: str | None
    confirmed: bool
    factor_at: int
    opened_at: int
    wrapped_key: bytes
    origin: bytes
    door: str = "password"
    keep: str = "token"
    due: str = ""
    signing_until: int = 0
    moved: bool = False


class Relation(Protocol):
    """What ties an actor to an entity. True proves the tie, False disproves it, None says nothing."""

    def proves(self, actor: Actor, entity: Table) -> bool | None:
        """Judge one loaded or written entity."""

    def covers(self, actor: Actor, partition: str) -> bool:
        """Judge the partition of a list, which may turn out to be empty."""


class Own:
    """The entity belongs to the acting person."""

    def proves(self, actor: Actor, entity: Table) -> bool | None:
        """Compare the entity's person with the actor."""
        return None if entity.person is None else entity.person == actor.person_id

    def covers(self, actor: Actor, partition: str) -> bool:
        """Accept partitions that start with the actor's own identifier."""
        return partition.split("#", maxsplit=1)[0] in {actor.person_id, actor.handle}


class InOrganisation:
    """The entity, or a relation item such as an employment, belongs to the actor's organisation."""

    def proves(self, actor: Actor, entity: Table) -> bool | None:
        """Compare the entity's organisation with the actor's."""
        return None if entity.organisation is None else entity.organisation == actor.organisation_id

    def covers(self, actor: Actor, partition: str) -> bool:
        """Accept partitions that start with the actor's organisation."""
        return actor.organisation_id is not None and partition.split("#", maxsplit=1)[0] == actor.organisation_id


class ByCase(InOrganisation):
    """A case of the actor's organisation opens a list of others; the transaction of the call must check the case."""

    def covers(self, actor: Actor, partition: str) -> bool:  # noqa: ARG002 - the case says what it opens
        """Accept every partition: the door demands that the transaction proves the case."""
        return True


class WholeCabinet:
    """The office serves everybody: support, administrators and security look up any person, and see only what they need."""

    def proves(self, actor: Actor, entity: Table) -> bool | None:  # noqa: ARG002 - the protocol's form
        """Accept every entity."""
        return True

    def covers(self, actor: Actor, partition: str) -> bool:  # noqa: ARG002 - the protocol's form
        """Accept every partition."""
        return True


EVERYBODY: Final[Mapping[Role, Relation]] = dict.fromkeys(Role, Own())
