"""Rules of factors: which may be used, what may be removed, and what their version is."""

import json
import re
import zlib
from collections.abc import Collection, Mapping
from typing import Final, Literal

from chalicelib.factors.refusals import LastFactor

Channel = Literal["sms", "email"]
CHANNELS: Final[tuple[Channel, ...]] = ("sms", "email")
# Everybody has at most one of each, so that their ids need not be made; passkeys have ids of their own.
FIXED_IDS: Final[Mapping[str, str]] = {
    kind: f"fac_{number:032x}" for number, kind in enumerate(("sms", "email", "totp", "recovery"), start=1)
}
MOST_PASSKEYS: Final = 20


def usable_channels(off: Collection[str], recovered_by: str | None, *, others: bool) -> list[Channel]:
    """Return the channels that may prove an act now; `others` tells whether there is something beside them.

    The channel by which access was recovered is not a second proof, so it waits until nothing else is left.
    """
    on: list[Channel] = [one for one in CHANNELS if one not in off]
    recovered = re.findall(r"\w+", recovered_by or "")
    trusted = [one for one in on if one not in recovered]
    return trusted if trusted or others else on


def refuse_last(left: int) -> None:
    """Refuse the removal of a factor after which none would be left."""
    if left < 1:
        raise LastFactor


def version_of(*state: object) -> int:
    """Return the version of what a person sees of his factors: a number that differs when it looks different."""
    return zlib.crc32(json.dumps(state, sort_keys=True).encode())
