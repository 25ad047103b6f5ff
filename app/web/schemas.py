"""The shapes of requests and answers: requests are checked with them, and /openapi.json describes both by them."""

from datetime import datetime
from typing import Annotated, Any

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json
from werkzeug.exceptions import RequestEntityTooLarge

from app.analysis.category.category import Category
from app.analysis.model import Alignment, Features, HashDistance, Metrics, Options, Region, Tone, Verdict
from app.errors import BadRequest, FileTooLarge, ImageDiffError
from app.options import OPTION_NAMES, OptionsIn, invalid_option
from app.store import ID_PATTERN
from app.web.clients import reading

MAX_JSON_BYTES = 1_000_000

# The store answers for ids: a malformed one is "not found" as much as an unknown one.
Id = Annotated[str, Field(json_schema_extra={"pattern": f"^{ID_PATTERN}$"})]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CompareUploads(_Request):
    """Compare two earlier uploads."""

    before: Id = Field(description="Id of an upload.")
    after: Id = Field(description="Id of an upload.")
    options: OptionsIn = OptionsIn()


class CompareAgain(_Request):
    """Compare the images of a kept evaluation again, with other options."""

    evaluation: Id = Field(description="Id of an evaluation.")
    options: OptionsIn = OptionsIn()


def read_json() -> CompareUploads | CompareAgain:
    """Read the JSON of the request; what is wrong with it is named."""
    request.max_content_length = MAX_JSON_BYTES
    try:
        with reading():
            data = request.get_data(cache=False)
        content = from_json(data, allow_inf_nan=False)
        again = isinstance(content, dict) and "evaluation" in content
        return (CompareAgain if again else CompareUploads).model_validate_json(data, strict=True)
    except RequestEntityTooLarge:
        raise FileTooLarge(f"The JSON has more than {MAX_JSON_BYTES / 1e6:g} MB.") from None
    except ValidationError as error:
        raise _refusal(error) from None
    except ValueError:
        raise BadRequest("The body is not JSON.") from None


def _refusal(error: ValidationError) -> ImageDiffError:
    problem = error.errors()[0]
    if "options" in problem["loc"][:1]:
        return invalid_option(error)
    if not problem["loc"]:
        return BadRequest('The body should be an object such as {"before": "ID", "after": "ID"}.')
    name = str(problem["loc"][0])[:40]
    said = {"extra_forbidden": "is not a field of this request", "missing": "is missing"}
    text = said.get(problem["type"], problem["msg"].removeprefix("Input "))
    return BadRequest(f"{name or 'An empty name'} {text}.", field=name)


class Upload(BaseModel):
    """An image that was taken; its id goes into a comparison."""

    id: str
    name: str
    width: int
    height: int
    format: str
    bytes: int
    expires: datetime


class Image(BaseModel):
    """What one of the two images is, and what was done to it before comparing (``notes``)."""

    name: str
    format: str
    width: int
    height: int
    bytes: int
    sha256: str
    notes: list[str]


class AllMetrics(BaseModel):
    """The numbers: as given (only brought to one size) and as compared (aligned and toned)."""

    as_given: Metrics
    as_compared: Metrics
    hashes: dict[str, HashDistance]
    features: Features


class Evaluation(BaseModel):
    """Everything one comparison gives."""

    id: str
    url: str = Field(description="The result page.")
    created: datetime
    expires: datetime
    verdict: Verdict = Field(
        description="identical: every pixel equal; equivalent: nothing that is a real difference; "
        "different: at least one region."
    )
    passed: bool | None = Field(description="Within max_regions and max_changed; null when neither was given.")
    summary: str = Field(description="The result in words.")
    before: Image
    after: Image
    options: Options
    alignment: Alignment
    tone: Tone
    metrics: AllMetrics
    category: Category
    regions: list[Region]
    images: dict[str, str] = Field(description="Links to the pictures, by name.")
    timings_ms: dict[str, float]


class ErrorDetail(BaseModel):
    """What went wrong: a stable code, a sentence, and the field or option that is to blame."""

    code: str
    message: str
    field: str | None = None


class Error(BaseModel):
    """The one shape of every error."""

    error: ErrorDetail


class Health(BaseModel):
    """The service lives."""

    status: str


OPTION_FIELDS: dict[str, Any] = {name: OptionsIn.model_fields[name] for name in OPTION_NAMES}
