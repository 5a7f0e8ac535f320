"""Load the catalogue, all of it or the one part that CABINET_OPERATION names, and mount it."""

import os

from chalicelib.kit import catalogue
from chalicelib.kit.http import Cabinet
from chalicelib.kit.jobs import handle

catalogue.load(os.environ.get("CABINET_OPERATION"))
app = Cabinet(app_name="medical-cabinet")
for operation in catalogue.operations.values():
    app.mount(operation)


def work(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's form
    """Run the one worker that CABINET_OPERATION names."""
    return handle(os.environ["CABINET_OPERATION"].split(".")[1], event)
