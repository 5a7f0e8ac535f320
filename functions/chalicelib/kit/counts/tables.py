"""What is counted in a period, so that nobody calls, guesses or sends too often."""

from typing import Literal, NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.kit import aws, clock, settings
from chalicelib.kit.tables import Get, Table, fetch, patiently

Guessed = Literal["password", "code"]


class Visits(NamedTuple):
    """How often a source has called in this minute, and how many passwords and codes it has guessed wrong in this hour."""

    calls: int
    password: int = 0
    code: int = 0


class Counter(Table):
    """What is counted in a period: calls and wrong guesses of a source, codes to an address, messages in a day."""

    class Meta:
        table_name = settings.table("counter")

    counted = UnicodeAttribute(hash_key=True)
    calls = NumberAttribute(default=0)
    expires = NumberAttribute(null=True)

    @classmethod
    def hit(cls, what: str, seconds: int = 60) -> int:
        """Count one call in the present minute, or longer period, and return the number so far."""
        changes: list[Action] = [cls.calls.add(1), cls.expires.set(clock.epoch() + seconds + 3600)]
        item = cls.change(f"{what}#{clock.epoch() // seconds}", actions=changes)
        return int(item.calls) if item else 0

    @classmethod
    def take(cls, what: str, seconds: int, most: int, *, parts: int = 0) -> bool:
        """Count one more in the present period unless that makes more than `most`; what is refused is not counted.

        Periods begin on the clock, so that two limits may meet at a boundary. With `parts` they cannot: a period is cut
        into so many, and the present part is judged together with as many before it.
        """
        length = seconds // max(1, parts)
        now = clock.epoch() // length
        before = fetch(tuple(Get(cls, f"{what}#{now - back}") for back in range(1, parts + 1))) if parts else []
        left = most - sum(int(one.calls) for one in before if one is not None)
        changes: list[Action] = [cls.calls.add(1), cls.expires.set(clock.epoch() + seconds + 3600)]
        free = cls.calls.does_not_exist() | (cls.calls < left)
        return left > 0 and cls.change(f"{what}#{now}", actions=changes, when=free) is not None

    @classmethod
    def give_back(cls, what: str, seconds: int) -> None:
        """Forget one that was counted in the present period and did not come about."""
        cls.change(f"{what}#{clock.epoch() // seconds}", actions=[cls.calls.add(-1)])

    @classmethod
    def visit(cls, source: str) -> Visits:
        """Count a public call of a source before anything secret is compared; one item an hour holds all its minutes."""
        return cls._count_of(source, f"m{clock.epoch() // 60 % 60}")

    @classmethod
    def guessed_wrong(cls, source: str, what: Guessed) -> None:
        """Count a wrong guess of a source; passwords and codes apart, so that neither shuts the other's doors."""
        cls._count_of(source, what)

    @classmethod
    def _count_of(cls, source: str, what: str) -> Visits:
        hour = clock.epoch() // 3600
        request = {
            "TableName": cls.Meta.table_name,
            "Key": {"counted": {"S": f"{source}#{hour}h"}},
            "UpdateExpression": "ADD #w :one SET expires = :end",
            "ExpressionAttributeNames": {"#w": what},
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":end": {"N": str((hour + 2) * 3600)}},
            "ReturnValues": "ALL_NEW",
        }
        found = patiently(lambda: aws.client("dynamodb").update_item(**request))["Attributes"]
        counts = (f"m{clock.epoch() // 60 % 60}", "password", "code")
        return Visits(*(int(found.get(name, {"N": "0"})["N"]) for name in counts))
