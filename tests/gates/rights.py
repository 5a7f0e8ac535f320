"""Declared rights against used ones, judged when a whole run has ended, however many processes shared it."""

from collections.abc import Iterable, Mapping
from typing import Any

from trips import PREFIX, Right

from chalicelib.kit import catalogue
from chalicelib.kit.catalogue import NEW_KEY, Declared
from infra.templates.rights import kit_touches, policy_of_source, statements

CACHED = {Right("Query", "setting", None)}  # read once a minute for all, by whoever comes first


# Rights outside DynamoDB that not every run can show: keys and addresses of queues are kept between calls.
KEPT = {"kms:Decrypt", "sqs:GetQueueUrl"}


def wrong_rights(declared: set[Right], kit: set[Right], used: set[Right], name: str) -> list[str]:
    """Compare what is declared with what was really called, both ways; the kit's own rights need not all be met."""
    stray = [
        f"{name} calls {'/'.join(filter(None, one))} without declaring it."
        for one in sorted(used - declared - kit, key=str)
    ]
    idle = [
        f"{name} declares {'/'.join(filter(None, one))} and never calls it."
        for one in sorted(declared - used - CACHED, key=str)
    ]
    return stray + idle


def rights(touches: Any) -> set[Right]:
    """Write touches as the rights they give."""
    return {Right(one.action, one.model.Meta.table_name.removeprefix(PREFIX), one.index) for one in touches}


def granted(declared: Declared) -> set[Right]:
    """Return what the very policy of an operation or worker grants its code outside DynamoDB, with the names in its ARNs."""
    made_by_lambda = policy_of_source(
        declared, PREFIX.rstrip("-")
    )  # what takes from queues and streams is not our code
    return {
        Right(action, _place(action, resource), None)
        for statement in statements(declared, PREFIX.rstrip("-"))
        if statement not in made_by_lambda
        for action in statement["Action"]
        for resource in statement["Resource"]
        if action.partition(":")[0] not in {"dynamodb", "logs"}
    }


def _place(action: str, resource: Any) -> str:
    if action.partition(":")[0] in {"ses", "sns"}:
        return ""
    if "Fn::Join" in resource:  # objects below a bucket
        resource = resource["Fn::Join"][1][0]
    name = str(next(iter(resource.values()))).rpartition(":")[2].partition("/")[0]
    return name.removeprefix(PREFIX).removesuffix("-key").removesuffix("-bucket")


def wrong_elsewhere(declared: Declared, used: set[Right]) -> list[str]:
    """Compare a policy outside DynamoDB with the calls: none but granted ones, and no action that is never called.

    A sealed queue makes its data key in the sender's name, which no call shows.
    """
    given = granted(declared)
    called = {one.action for one in used}
    unseen = KEPT | ({"kms:GenerateDataKey"} if NEW_KEY not in declared.uses else set())
    stray = [
        f"{declared.name} calls {one.action} on {one.table or 'whom it likes'} without the right."
        for one in sorted(used - given, key=str)
    ]
    idle = sorted({one.action for one in given} - called - unseen)
    return stray + [f"{declared.name} has the right to {action} and never calls it." for action in idle]


def faults_of(used: Mapping[str, Iterable[Right]]) -> list[str]:
    """Say where an operation or worker did not call exactly what it declares (and what the kit does for it)."""
    everything: list[Declared] = [*catalogue.operations.values(), *catalogue.workers.values()]
    faults = []
    for one in everything:
        called = set(used.get(one.name, ()))
        elsewhere = {right for right in called if ":" in right.action}
        faults += wrong_rights(rights(one.touches), rights(kit_touches(one)), called - elsewhere, one.name)
        faults += wrong_elsewhere(one, elsewhere)
    return faults
