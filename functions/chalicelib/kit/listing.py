"""The query that every list takes."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit.body import Body
from chalicelib.kit.text import Token

USUAL = 20
MOST = 100


class Listing(Body):
    """How much of a list, and from where."""

    limit: Annotated[int, Meta(title="Сколько записей", description=f"От 1 до {MOST}.", ge=1, le=MOST)] = USUAL
    cursor: Annotated[Token | None, Meta(title="Продолжение", description="next_cursor предыдущей страницы.")] = None
