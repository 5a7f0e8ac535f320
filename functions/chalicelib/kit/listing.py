"""The query that every list takes."""

from typing import Annotated

from msgspec import Meta

from chalicelib.kit.body import Body
from chalicelib.kit.text import Token


class Listing(Body):
    """How much of a list, and from where."""

    limit: Annotated[int, Meta(title="Сколько записей", description="От 1 до 100.", ge=1, le=100)] = 20
    cursor: Annotated[Token | None, Meta(title="Продолжение", description="next_cursor предыдущей страницы.")] = None
