"""What an office sees of an account: how the person signs in and acts, half-hidden contacts, and no content."""

from typing import Annotated, Any

from msgspec import Meta

from chalicelib.accounts.schemas import contacts_of
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, identifiers
from chalicelib.kit.access import Role, WholeCabinet
from chalicelib.kit.body import Answer
from chalicelib.kit.call import Call
from chalicelib.kit.declare import operation
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.tables import Get


class HeldRole(Answer):
    """A role that the person may choose at sign-in."""

    role: Annotated[Role, Meta(title="Роль")]
    organisation_id: Annotated[str | None, Meta(title="Организация роли")]


class AccountCard(Answer):
    """An account without its content."""

    person_id: Annotated[str, Meta(title="Номер человека в кабинете")]
    login: Annotated[str, Meta(title="Логин")]
    identity: Annotated[str, Meta(title="Личность", description="claimed — не подтверждена, confirmed — подтверждена.")]
    phone: Annotated[str | None, Meta(title="Телефон", description="Часть цифр скрыта.")]
    email: Annotated[str | None, Meta(title="Почта", description="Часть адреса скрыта.")]
    roles: Annotated[list[HeldRole], Meta(title="Роли")]
    factors: Annotated[list[str], Meta(title="Чем подтверждает вход", description="Только виды способов.")]
    open_sessions: Annotated[int, Meta(title="Открытых сеансов")]
    blocked_at: Annotated[str | None, Meta(title="Когда заблокирован")]
    closed_at: Annotated[str | None, Meta(title="Когда закрыт")]
    erase_at: Annotated[str | None, Meta(title="Когда данные будут стёрты")]


@operation(
    "GET /v1/accounts/{person_id}/office_card",
    allow=dict.fromkeys((Role.SUPPORT, Role.ADMIN, Role.SECURITY), WholeCabinet()),
    reads=[Account],
    audit="account.read",
)
def read_account(call: Call, person_id: str) -> AccountCard:
    """Открыть карточку кабинета без содержания."""
    account = call.read(Get(Account, person_id))
    if account.login is None:  # the stand-in of a login that nobody has
        raise NotFound
    contacts = contacts_of(account) if account.contacts else None
    call.headers["ETag"] = account.etag
    blocked_at = account.blocked["at"] if account.blocked else None
    moments: dict[str, Any] = {"blocked_at": blocked_at, "closed_at": account.closed_at, "erase_at": account.erase_at}
    return AccountCard(
        person_id=person_id,
        login=account.login,
        identity=account.assurance,
        phone=identifiers.mask_phone(contacts.phone) if contacts else None,
        email=identifiers.mask_email(contacts.email) if contacts else None,
        roles=[HeldRole(role=Role(one["role"]), organisation_id=one["organisation_id"]) for one in account.grants],
        factors=_factors(account),
        open_sessions=len(account.live_sessions()),
        **{name: at and clock.moment(at) for name, at in moments.items()},
    )


def _factors(account: Account) -> list[str]:
    has = {
        "sms": account.contacts is not None,
        "email": account.contacts is not None,
        "totp": account.totp is not None,
        "passkey": bool(account.passkeys),
        "recovery_code": any(account.recovery_codes),
    }
    return [kind for kind, there in has.items() if there and kind not in account.factors_off]
