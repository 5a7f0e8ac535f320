"""Guesses of a network: what strangers' passwords and codes cost it, whatever the accounts."""

from chalicelib.kit import clock, settings
from chalicelib.kit.call import Call
from chalicelib.kit.counts.tables import Guessed
from chalicelib.kit.refusals import TooManyGuesses


def refuse_guesser(call: Call, what: Guessed) -> None:
    """Refuse a network that has guessed wrong too often; called before a stranger's password or code is compared.

    A wrong one counts from here on. Who has proved himself, or comes from a known device, is not asked and not counted.
    """
    call.guesses = what
    if getattr(call.visits, what) >= settings.WRONG_GUESSES_AN_HOUR:
        raise TooManyGuesses(retry_after=3600 - clock.epoch() % 3600)
