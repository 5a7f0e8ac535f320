"""What the operations of this domain show of a session."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit import clock
from chalicelib.kit.access import Role
from chalicelib.kit.body import Answer
from chalicelib.kit.records.tables import Session

ROLES = f"{'; '.join(f'{role.value} — {role.label}' for role in Role)}."


class SessionView(Answer):
    """An open session."""

    session_id: str
    role: Annotated[Role, Meta(title="Роль", description=ROLES)]
    organisation_id: Annotated[str | None, Meta(title="Организация", description="OID организации роли или null.")]
    identity: Annotated[str, Meta(title="Личность", description="claimed — не подтверждена, confirmed — подтверждена.")]
    opened_at: Annotated[str, Meta(title="Когда открыт")]
    idle_until: Annotated[str, Meta(title="Закончится при бездействии")]
    ends_at: Annotated[str, Meta(title="Закончится в любом случае")]


def view(session: Session) -> SessionView:
    """Show a session to its owner."""
    return SessionView(
        session_id=session.session_id,
        role=Role(session.grant["role"]),
        organisation_id=session.grant.get("organisation_id"),
        identity=session.assurance,
        opened_at=clock.moment(session.opened_at),
        idle_until=clock.moment(session.idle_until),
        ends_at=clock.moment(session.absolute_until),
    )
