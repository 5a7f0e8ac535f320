"""What a person confirms his acts with: how factors are listed, and how one is used."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from chalicelib.accounts.refusals import CodeWrong
from chalicelib.accounts.schemas import contacts_of, key_of
from chalicelib.accounts.tables import Account
from chalicelib.factors.refusals import FactorNotAvailable
from chalicelib.kit import codes, identifiers, totp
from chalicelib.kit.body import Answer
from chalicelib.kit.tables import Action

FactorKind = Literal["sms", "email", "totp"]


class Factor(Answer):
    """A second factor that the person may use now."""

    kind: Annotated[
        FactorKind, Meta(title="Способ", description="sms, email — код в сообщении; totp — код приложения.")
    ]
    title: Annotated[str, Meta(title="Название способа")]


def factors_of(account: Account, act: str) -> list[Factor]:  # noqa: ARG001
    """List the factors of an account, with addresses half hidden."""
    contacts = contacts_of(account)
    found = [
        Factor(kind="sms", title=f"Код по SMS на {identifiers.mask_phone(contacts.phone)}"),
        Factor(kind="email", title=f"Код письмом на {identifiers.mask_email(contacts.email)}"),
    ]
    if account.totp is not None:
        found.append(Factor(kind="totp", title="Код из приложения"))
    return [one for one in found if one.kind != account.recovered_by]


def used_factor(account: Account, kind: FactorKind, code: str, act: str) -> list[Action]:
    """Check a factor for an act such as `sign_in/psn_…/nonce`; returns the changes that make it single-use.

    A code by SMS or e-mail was issued for the same act and waits under the act's first word. After a recovery by one
    channel another factor has to be used once; then that channel counts again.
    """
    if kind == account.recovered_by:
        raise FactorNotAvailable
    trusted = [Account.recovered_by.remove()] if account.recovered_by else []
    return trusted + (_used_totp(account, code) if kind == "totp" else _used_code(account, code, act))


def _used_code(account: Account, code: str, act: str) -> list[Action]:
    pending: dict[str, Any] = account.live_codes()
    found = pending.pop(act.partition("/")[0], None)
    if found is None or not codes.fits(act, code, found["digest"]):
        raise CodeWrong
    return [Account.codes.set(pending)]


def _used_totp(account: Account, code: str) -> list[Action]:
    if account.totp is None:
        raise FactorNotAvailable
    shared = key_of(account).open("account/totp", account.totp, str)
    step = totp.matching_step(shared, code, account.totp_step)
    if step is None:
        raise CodeWrong
    return [Account.totp_step.set(step)]
