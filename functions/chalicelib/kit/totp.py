"""Time-based one-time passwords (RFC 6238) of an authenticator app."""

import hmac
from typing import Final

from chalicelib.kit import clock, options

STEP_SECONDS: Final = 30


def new_secret() -> str:
    """Make a shared secret: 160 bits, base32."""
    import pyotp  # noqa: PLC0415 - only the doors need it

    return pyotp.random_base32(32)


def address(shared: str, account: str) -> str:
    """Return the `otpauth://` address that an app reads from a QR code."""
    import pyotp  # noqa: PLC0415 - only the doors need it

    return pyotp.TOTP(shared).provisioning_uri(name=account, issuer_name="Кабинет медработника")


def matching_step(shared: str, code: str, last_step: float) -> int | None:
    """Return the time step that a code belongs to; used steps and wrong codes give None.

    How many steps before and after the present one are taken too, the security profile says: clocks differ.
    """
    import pyotp  # noqa: PLC0415 - only the doors need it

    present, drift = clock.epoch() // STEP_SECONDS, options.security().totp_drift
    maker = pyotp.TOTP(shared)
    for step in range(present + drift, present - drift - 1, -1):
        if step > last_step and hmac.compare_digest(maker.at(step * STEP_SECONDS), code):
            return step
    return None
