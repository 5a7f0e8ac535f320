"""Load the catalogue, all of it or the one part that CABINET_OPERATION names, and mount it."""

import gc
import os

ONE = os.environ.get("CABINET_OPERATION")
if ONE:  # a Lambda starts: nothing of what is loaded now becomes garbage, so the collector need not look at it
    gc.disable()

from chalicelib.kit import aws, catalogue  # noqa: E402 - the collector rests first
from chalicelib.kit.http import Cabinet  # noqa: E402 - see above
from chalicelib.kit.jobs import handle  # noqa: E402 - see above

catalogue.load(ONE)
app = Cabinet(app_name="medical-cabinet")
for operation in catalogue.operations.values():
    app.mount(operation)


def work(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's form
    """Run the one worker that CABINET_OPERATION names."""
    return handle(str(ONE).split(".")[1], event)


if ONE:
    aws.client("dynamodb")
    gc.freeze()
    gc.enable()
