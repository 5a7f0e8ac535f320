"""The handwritten operations behind FastAPI and Mangum, as their users write it: the body is a pydantic model.

The endpoints are coroutines, which spares FastAPI its threads; the storage is as blocking as everybody's botocore is.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from mangum import Mangum
from performance import handwritten
from pydantic import AfterValidator, BaseModel, ConfigDict

app = FastAPI()


def rule(name: str) -> Callable[[str | None], str | None]:
    """Make the check of one field."""

    def check(value: str | None) -> str | None:
        try:
            return handwritten.checked(name, value)
        except handwritten.Refused as refused:
            raise ValueError(refused.detail) from None

    return check


class ChangeProfile(BaseModel):
    """A merge patch: absent fields stay, null clears."""

    model_config = ConfigDict(extra="forbid")

    last_name: Annotated[str, AfterValidator(rule("last_name"))] = ""
    first_name: Annotated[str, AfterValidator(rule("first_name"))] = ""
    middle_name: Annotated[str | None, AfterValidator(rule("middle_name"))] = None
    birth_date: Annotated[str, AfterValidator(rule("birth_date"))] = ""
    inn: Annotated[str | None, AfterValidator(rule("inn"))] = None
    personnel_number: Annotated[str | None, AfterValidator(rule("personnel_number"))] = None
    speciality: Annotated[str | None, AfterValidator(rule("speciality"))] = None
    qualification: Annotated[str | None, AfterValidator(rule("qualification"))] = None
    licence_number: Annotated[str | None, AfterValidator(rule("licence_number"))] = None
    organisation_ogrn: Annotated[str | None, AfterValidator(rule("organisation_ogrn"))] = None
    ogrnip: Annotated[str | None, AfterValidator(rule("ogrnip"))] = None


@app.get("/v1/profile")
async def read_profile(request: Request) -> JSONResponse:
    """Show one's own profile."""
    event = request.scope["aws.event"]
    return answered("read_profile", event, *handwritten.read_profile(event, trace_id(event)))


@app.patch("/v1/profile")
async def change_profile(request: Request, body: ChangeProfile) -> JSONResponse:
    """Change one's own profile and have it checked."""
    event = request.scope["aws.event"]
    changes = body.model_dump(exclude_unset=True)
    return answered("change_profile", event, *handwritten.change_profile(event, trace_id(event), changes))


@app.exception_handler(handwritten.Refused)
async def refuse(request: Request, refused: handwritten.Refused) -> JSONResponse:
    """Tell a refusal."""
    problem = handwritten.problem(refused, trace_id(request.scope["aws.event"]))
    return JSONResponse(problem, refused.status, handwritten.HEADERS, media_type="application/problem+json")


def trace_id(event: dict[str, Any]) -> str:
    """Return the number of the request."""
    return str(event["requestContext"]["requestId"])


def answered(operation: str, event: dict[str, Any], answer: dict[str, Any], version: int) -> JSONResponse:
    """Log and answer."""
    handwritten.log(operation, trace_id(event), 200)
    return JSONResponse(answer, 200, handwritten.HEADERS | {"ETag": f'"{version}"'})


handler = Mangum(app, lifespan="off")
