"""The handwritten operations behind the resolver of Powertools, as its users write it."""

import json
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from performance import handwritten

app = APIGatewayRestResolver()


@app.get("/v1/profile")
def read_profile() -> Response[str]:
    """Show one's own profile."""
    return answered("read_profile", *handwritten.read_profile(app.current_event.raw_event, trace_id()))


@app.patch("/v1/profile")
def change_profile() -> Response[str]:
    """Change one's own profile and have it checked."""
    return answered("change_profile", *handwritten.change_profile(app.current_event.raw_event, trace_id()))


@app.exception_handler(handwritten.Refused)  # Powertools gives it no types
def refuse(refused: handwritten.Refused) -> Response[str]:
    """Tell a refusal."""
    problem = handwritten.problem(refused, trace_id())
    headers = handwritten.HEADERS | {"Content-Type": "application/problem+json"}
    return Response(refused.status, body=json.dumps(problem, ensure_ascii=False), headers=headers)


def trace_id() -> str:
    """Return the number of the request."""
    return app.current_event.request_context.request_id


def answered(operation: str, answer: dict[str, Any], version: int) -> Response[str]:
    """Log and answer."""
    handwritten.log(operation, trace_id(), 200)
    headers = handwritten.HEADERS | {"ETag": f'"{version}"'}
    return Response(200, body=json.dumps(answer, ensure_ascii=False), headers=headers)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an API Gateway event."""
    return app.resolve(event, context)
