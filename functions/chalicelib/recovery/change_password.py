"""A person changes the password that he knows; his other sessions end."""

from typing import Annotated

from msgspec import Meta

from chalicelib.accounts.refusals import TooManyTries
from chalicelib.accounts.schemas import TellOwner, end_sessions, new_password
from chalicelib.accounts.tables import Account
from chalicelib.kit import clock, options, passwords
from chalicelib.kit.access import EVERYBODY
from chalicelib.kit.body import Answer, Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Delete, Query, Update
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Session, Setting
from chalicelib.kit.refusals import NotFound
from chalicelib.kit.text import Password
from chalicelib.recovery.refusals import CurrentPasswordWrong

DAY_SECONDS = 24 * 3600


class ChangePassword(Body):
    """The present password and the new one."""

    current: Annotated[Password, Meta(title="Нынешний пароль")]
    password: Annotated[Password, Meta(title="Новый пароль")]


class PasswordChanged(Answer):
    """The new password holds."""

    detail: Annotated[str, Meta(title="Что изменилось")]
    valid_until: Annotated[
        str | None, Meta(title="До какого времени действует пароль", description="Пусто: без срока.")
    ]


@operation(
    "POST /v1/recovery/password_changes",
    allow=EVERYBODY,
    fresh=True,
    unsettled=True,
    claimed=True,
    reads=[Account, Query(Setting)],
    writes=[Update(Account), Update(Session), Delete(Session)],
    effects=[TellOwner],
    refuses=[CurrentPasswordWrong, TooManyTries],
    audit="password.changed",
    memory=512,
)
def change_password(call: Call, body: ChangePassword) -> PasswordChanged:
    """Сменить пароль."""
    actor = call.actor
    account = Account.attempt(actor.person_id, "password_trusted")
    if account is None:
        raise NotFound
    if not passwords.fits(body.current, account.password_hash):
        raise CurrentPasswordWrong
    changes = new_password(account, body.password, "password_trusted")
    end_sessions(call.transaction, account, *changes, spared=actor.session_id)
    if "password" in actor.due.split():
        left = " ".join(one for one in actor.due.split() if one != "password")
        session = Session(handle=actor.handle, session_id=actor.session_id)
        call.transaction.update(session, Session.due.set(left), when=Session.person_id == actor.person_id)
    text = "Пароль от кабинета медработника изменён. Другие сеансы завершены."
    call.transaction.send(TellOwner(person_id=actor.person_id, subject="Пароль изменён", text=text, not_me=True))
    days = options.security().password.days
    until = clock.moment(call.now + days * DAY_SECONDS) if days else None
    return PasswordChanged(detail="Пароль изменён. Другие ваши сеансы завершены.", valid_until=until)
