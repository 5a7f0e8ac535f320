"""Who gives which role: the whole table, both ways."""

import pytest

from chalicelib.kit.access import Grant, Role
from chalicelib.roles.refusals import RoleAlreadyHeld, RoleNotGrantable, RolesExclude
from chalicelib.roles.rules import refuse_unfitting, refuse_ungrantable, refuse_unwithdrawable

ROLES = ["worker", "manager", "hr", "authority", "support", "patient", "pharmacy", "education", "admin", "security"]
GIVEN = {
    "admin": {"manager", "hr", "authority", "support", "pharmacy", "education", "admin"},
    "security": {"security"},
    "manager": {"hr"},
}


@pytest.mark.parametrize("by", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gives_exactly_what_is_written(by: str, role: str) -> None:
    """Ten by ten: nothing beyond the table, and workers and patients are never invited."""
    if role in GIVEN.get(by, set()):
        refuse_ungrantable(Role(by), Role(role))
        return
    with pytest.raises(RoleNotGrantable):
        refuse_ungrantable(Role(by), Role(role))


@pytest.mark.parametrize("by", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_withdrawn_by_its_grantor_or_the_administrator(by: str, role: str) -> None:
    """The administrator takes any role that was given by invitation; a worker's own role nobody takes."""
    invited = set().union(*GIVEN.values())
    if role in GIVEN.get(by, set()) or (by == "admin" and role in invited):
        refuse_unwithdrawable(Role(by), Role(role))
        return
    with pytest.raises(RoleNotGrantable):
        refuse_unwithdrawable(Role(by), Role(role))


def test_administrator_and_security_exclude_each_other() -> None:
    """Either way round; every other pair goes together, the same role twice does not."""
    admin, security = Grant(role=Role.ADMIN), Grant(role=Role.SECURITY)
    for held, new in ((admin, security), (security, admin)):
        with pytest.raises(RolesExclude):
            refuse_unfitting([held], new)
    with pytest.raises(RoleAlreadyHeld):
        refuse_unfitting([admin], admin)
    refuse_unfitting([admin], Grant(role=Role.SUPPORT))
    refuse_unfitting([Grant(role=Role.HR, organisation_id="1.2.3")], Grant(role=Role.HR, organisation_id="1.2.4"))
