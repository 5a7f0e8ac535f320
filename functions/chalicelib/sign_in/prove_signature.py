"""Second step of the signature door: nobody is looked up before the signature has proved who comes."""

import hashlib

import msgspec

from chalicelib.accounts.tables import Reservation
from chalicelib.kit import settings
from chalicelib.kit.body import Body
from chalicelib.kit.call import Call
from chalicelib.kit.catalogue import Put
from chalicelib.kit.declare import operation
from chalicelib.kit.records.tables import Once
from chalicelib.kit.text import Signature, Token
from chalicelib.sign_in.refusals import SignatureAlreadyUsed, SignInExpired
from chalicelib.sign_in.schemas import TICKET_SECONDS, IdentityProved, Proof, identity_proved, take
from chalicelib.signatures.refusals import OF_A_CERTIFICATE, OF_A_SIGNATURE
from chalicelib.signatures.rules import challenge, holder_of, refuse_untrusted, signature_bytes, verify_detached
from chalicelib.signatures.schemas import trusted_authorities


class ProveSignature(Body):
    """The signed text's ticket, and its detached signature."""

    ticket: Token
    signature: Signature


@operation(
    "POST /v1/sign_in/signature_identities",
    public=True,
    reads=[Reservation],
    writes=[Put(Once)],
    refuses=[SignInExpired, SignatureAlreadyUsed, *OF_A_SIGNATURE, *OF_A_CERTIFICATE],
    audit="sign_in.signature_proved",
    memory=1024,
    timeout=20,
)
def prove_signature(call: Call, body: ProveSignature) -> IdentityProved:
    """Войти по электронной подписи: передать подпись полученного текста."""
    values = take("signature", body.ticket)
    text = challenge(settings.public_url(), values["at"], values["nonce"])
    certificate = verify_detached(signature_bytes(body.signature), text.encode())
    refuse_untrusted(certificate, trusted_authorities(), call.now)
    holder = holder_of(certificate)
    used = f"signature#{hashlib.sha256(values['nonce'].encode()).hexdigest()}"
    call.transaction.put(Once(what=used, expires=values["at"] + 2 * TICKET_SECONDS), SignatureAlreadyUsed)
    return identity_proved(call, Proof(door="signature", strong=True, **msgspec.structs.asdict(holder)))
