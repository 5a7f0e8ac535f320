"""Who gives which role, and which roles do not go together."""

from collections.abc import Mapping, Sequence
from typing import Final

from chalicelib.kit.access import Grant, Role
from chalicelib.roles.refusals import RoleAlreadyHeld, RoleNotGrantable, RolesExclude

CABINET: Final = "cabinet"
OPERATOR: Final = f"opr_{'0' * 32}"  # who starts a deployment, see infra/bootstrap.py; holds no role
GIVES: Final[Mapping[Role, frozenset[Role]]] = {
    Role.ADMIN: frozenset(
        {Role.MANAGER, Role.HR, Role.AUTHORITY, Role.SUPPORT, Role.PHARMACY, Role.EDUCATION, Role.ADMIN}
    ),
    Role.SECURITY: frozenset({Role.SECURITY}),
    Role.MANAGER: frozenset({Role.HR}),
}
INVITED: Final = frozenset().union(*GIVES.values())
APART: Final = frozenset({Role.ADMIN, Role.SECURITY})
NEVER_EMPTY: Final = APART
NOT_LEFT_EMPTY: Final = APART | {
    Role.MANAGER
}  # nobody leaves these behind himself; an administrator may clear a manager
_KINDS: Final = {Role.AUTHORITY: "authority", Role.PHARMACY: "pharmacy", Role.EDUCATION: "education"}


def refuse_ungrantable(by: Role, role: Role) -> None:
    """Refuse a role that the acting role does not give."""
    if role not in GIVES.get(by, frozenset()):
        raise RoleNotGrantable


def refuse_unwithdrawable(by: Role, role: Role) -> None:
    """Refuse a role that the acting role neither gives nor, as the administrator, oversees."""
    if role not in INVITED or (by is not Role.ADMIN and role not in GIVES.get(by, frozenset())):
        raise RoleNotGrantable


def refuse_unfitting(held: Sequence[Grant], new: Grant) -> None:
    """Refuse a role that the person has, or that excludes one that he has."""
    if new in held:
        raise RoleAlreadyHeld
    if new.role in APART and any(one.role in APART - {new.role} for one in held):
        raise RolesExclude


def grantor_of(role: Role, place: str) -> Role:
    """Return in which role somebody at a place has invited to a role."""
    if place != CABINET:
        return Role.MANAGER
    return Role.SECURITY if role is Role.SECURITY else Role.ADMIN


def fits_kind(role: Role, kind: str) -> bool:
    """Tell whether a role may be held at an organisation of a kind; managers and кадры work anywhere."""
    return _KINDS.get(role, kind) == kind


def place_of(organisation_id: str | None) -> str:
    """Return where the rows of a role lie: at its organisation, or with the cabinet's own."""
    return organisation_id or CABINET
