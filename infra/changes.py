"""Change sets of CloudFormation: made, shown, carried out, explained when they fail."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

INLINE_BYTES: Final = 51_200  # a longer template goes through the bucket
SECONDS_BETWEEN_LOOKS: Final = 5
_NOTHING_TO_DO: Final = ("didn't contain changes", "No updates are to be performed")
_UNUSABLE: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
_HALF: Final = ("CREATE_FAILED", "UPDATE_FAILED")  # of a stack that was never complete: the next try goes on from there


class Failed(RuntimeError):  # noqa: N818 - a statement
    """A stack did not change as it should: what happened, why, and how to go back."""


@dataclass(frozen=True)
class Change:
    """What one resource of a stack goes through: `added`, `changed`, `REPLACED`, `may be REPLACED` or `removed`."""

    what: str
    name: str
    kind: str

    @property
    def loses(self) -> bool:
        """Whether what the resource holds may be gone afterwards."""
        return "REPLACED" in self.what or self.what == "removed"


@dataclass(frozen=True)
class ChangeSet:
    """A change set that waits to be carried out."""

    stack: str
    name: str
    is_new: bool
    changes: tuple[Change, ...]

    def table(self) -> str:
        """Return the changes as a person reads them; a new stack is summed up by kinds."""
        if self.is_new:
            kinds = Counter(one.kind.removeprefix("AWS::") for one in self.changes)
            parts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
            return f"{self.stack}: new, {len(self.changes)} resources ({parts})"
        lines = [f"  {one.what:<16}{one.kind.removeprefix('AWS::'):<34}{one.name}" for one in self.changes]
        return "\n".join([f"{self.stack}: {len(self.changes)} changes", *lines])


class Stacks:
    """The stacks of one region."""

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of a stack; nothing when it is not there."""
        found = self._find(stack) or {}
        return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}

    def prepare(
        self, stack: str, name: str, template: str, url: str | None, values: Mapping[str, str]
    ) -> ChangeSet | None:
        """Make a change set of a template; None when there is nothing to change.

        `values` may hold more than the template asks for; what it asks for and nobody gives is an error.
        """
        found = self._at_rest(stack, besides="REVIEW_IN_PROGRESS")  # a new stack that waits for a change set
        status = found["StackStatus"] if found else ""
        if status in _UNUSABLE:
            raise Failed(f"{stack} is {status}: nothing can be changed. {_way_out(stack, status)}")
        is_new = status in {"", "REVIEW_IN_PROGRESS"}
        # A new stack that fails keeps what it has made: retained tables would stand in the way of a new beginning.
        on_failure = "DO_NOTHING" if is_new or status in _HALF else "ROLLBACK"
        body = {"TemplateBody": template} if len(template) <= INLINE_BYTES or url is None else {"TemplateURL": url}
        try:
            self._client.create_change_set(
                StackName=stack,
                ChangeSetName=name,
                ChangeSetType="CREATE" if is_new else "UPDATE",
                OnStackFailure=on_failure,
                Capabilities=["CAPABILITY_IAM"],
                Parameters=_parameters(stack, json.loads(template), values),
                **body,
            )
        except ClientError as error:
            if _says_nothing_to_do(str(error)):
                return None
            raise
        described = self._settled(stack, name)
        if described["Status"] == "FAILED":
            self.drop(ChangeSet(stack, name, is_new, ()))
            if _says_nothing_to_do(described.get("StatusReason", "")):
                return None
            raise Failed(f"{stack}: CloudFormation refuses the template: {described.get('StatusReason')}")
        return ChangeSet(stack, name, is_new, tuple(self._changes(stack, name)))

    def drop(self, change_set: ChangeSet) -> None:
        """Forget a change set; a stack that would have been new goes with it."""
        self._client.delete_change_set(StackName=change_set.stack, ChangeSetName=change_set.name)
        found = self._find(change_set.stack)
        if found and found["StackStatus"] == "REVIEW_IN_PROGRESS":
            self._client.delete_stack(StackName=change_set.stack)

    def start(self, change_set: ChangeSet) -> None:
        """Begin to carry a change set out."""
        self._client.execute_change_set(StackName=change_set.stack, ChangeSetName=change_set.name)

    def wait(self, change_set: ChangeSet) -> None:
        """Wait for the end; Failed says what went wrong first, and how to go back."""
        found = self._at_rest(change_set.stack)
        status = found["StackStatus"] if found else "DELETE_COMPLETE"
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            raise Failed(
                f"{change_set.stack} is {status}. {self._reason(change_set.stack)} {_way_out(change_set.stack, status)}"
            )

    def _at_rest(self, stack: str, besides: str = "") -> dict[str, Any] | None:
        """Find a stack when what goes on in it has ended: a run that was cut off leaves CloudFormation at work."""
        while True:
            found = self._find(stack)
            status = found["StackStatus"] if found else ""
            if status == besides or not status.endswith("IN_PROGRESS"):
                return found
            self._sleep(SECONDS_BETWEEN_LOOKS)

    def _find(self, stack: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return found

    def _settled(self, stack: str, name: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self._client.describe_change_set(StackName=stack, ChangeSetName=name)
            if found["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
                return found
            self._sleep(SECONDS_BETWEEN_LOOKS)

    def _changes(self, stack: str, name: str) -> list[Change]:
        found: list[Change] = []
        page: dict[str, str] = {}
        while True:
            answer = self._client.describe_change_set(StackName=stack, ChangeSetName=name, **page)
            found += [_change(one["ResourceChange"]) for one in answer.get("Changes", [])]
            if not answer.get("NextToken"):
                return found
            page = {"NextToken": answer["NextToken"]}

    def _reason(self, stack: str) -> str:
        """Return the first failure since the last beginning; what was cancelled because of it says nothing."""
        first = ""
        for event in self._client.describe_stack_events(StackName=stack)["StackEvents"]:  # newest first
            reason = event.get("ResourceStatusReason", "")
            if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason.lower():
                first = f"First failure: {event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
            if reason == "User Initiated" and event["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
                break
        return first or "CloudFormation gives no reason."


def _says_nothing_to_do(reason: str) -> bool:
    return any(words in reason for words in _NOTHING_TO_DO)


def _change(found: Mapping[str, Any]) -> Change:
    what = {"Add": "added", "Remove": "removed", "Modify": "changed", "Import": "imported"}.get(found["Action"], "?")
    if what == "changed":
        what = {"True": "REPLACED", "Conditional": "may be REPLACED"}.get(found.get("Replacement", "False"), what)
    return Change(what, found["LogicalResourceId"], found["ResourceType"])


def _parameters(stack: str, template: Mapping[str, Any], values: Mapping[str, str]) -> list[dict[str, str]]:
    asked = template.get("Parameters", {})
    missing = [name for name, one in asked.items() if name not in values and "Default" not in one]
    if missing:
        raise Failed(f"{stack} needs {', '.join(sorted(missing))}: name them in the file of the stage.")
    return [{"ParameterKey": name, "ParameterValue": values[name]} for name in asked if name in values]


def _way_out(stack: str, status: str) -> str:
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return "CloudFormation has put the stack back as it was; mend the cause and deploy again."
    if status == "UPDATE_ROLLBACK_FAILED":
        return "It is half way back: continue the roll-back of this stack in the console, then deploy again."
    if status in _HALF:
        return "What was made stays; mend the cause and deploy again: it goes on from there."
    return f"It was never complete: delete the stack {stack} in the console (retained tables stay), then deploy again."
