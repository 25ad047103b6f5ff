"""Every limit and switch of the service, each named once and read from ``IMAGE_DIFF_*``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import limits
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from app.analysis.category.network import Provider
from app.analysis.model import Limits

_LIMITS = Limits()
# More than the peaks in docs/runbook.md (0.34 GB for photos of 2 megapixels each, 1.1 for 50): the bound counts what a
# process has asked the system for, touched or not.
MEMORY_BASE = 400_000_000
MEMORY_PER_PIXEL = 40
PREFIX = "IMAGE_DIFF_"
TEN_YEARS = 315_360_000  # seconds; far later ends of a result are no date any more
MOST_SIDE = 32_766  # pixels that OpenCV moves in one picture
MOST_SLOTS = 64  # of a cluster that one web process hands work to at once; each takes one of its threads


class SettingsError(ValueError):
    """A variable is unknown or its value cannot be used; the message names it."""


def _split(value: Any) -> Any:
    """Read "a, b" as two names."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _readable(value: str) -> str:
    """Refuse what is not "number/time"."""
    if value and limits.parse(value).amount < 1:
        raise ValueError("a limit of none would let nobody in")
    return value


def _sendable(value: SecretStr) -> SecretStr:
    """Refuse what no script could send: an Authorization header holds ASCII, without spaces around."""
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable() and text == text.strip()):
        raise ValueError("a token is of printable ASCII characters, without spaces around")
    return value


class Settings(BaseModel):
    """What whoever runs the service may choose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: Annotated[str, BeforeValidator(str)] = Field(
        default="var", description="Where uploads and results are kept: a folder, or a URL such as `s3://bucket/prefix`"
    )
    work: Path = Field(
        default=Path("var"), description="Folder for what is being read, written and drawn, where the store is a URL"
    )
    keep_seconds: int = Field(
        default=3600, ge=1, le=TEN_YEARS, description="Age at which uploads and results are deleted"
    )
    max_store_bytes: int = Field(
        default=2_000_000_000,
        ge=1,
        description="All uploads (a quarter of it) and results; of each kind the oldest go first",
    )
    min_free_bytes: int = Field(
        default=100_000_000, ge=0, description="Free disk space below which nothing more is taken"
    )

    max_file_bytes: int = Field(default=50_000_000, ge=1, description="One image file")
    max_pixels: int = Field(default=_LIMITS.max_pixels, ge=1, description="Width × height of one image")
    max_side: int = Field(default=_LIMITS.max_side, ge=1, le=MOST_SIDE, description="Width or height of one image")
    max_canvas: int = Field(
        default=_LIMITS.max_canvas, ge=1, description="Pixels of the canvas that both images need together"
    )
    max_parts: int = Field(default=40, ge=2, description="Parts of one multipart form")

    evaluations: int = Field(default=2, ge=1, description="Evaluations at once, over all processes")
    waiting: int = Field(
        default=16, ge=0, description="Evaluations that may wait for their turn; more are answered 503 busy"
    )
    waiting_pictures: int = Field(default=12, ge=0, description="Pictures of results that may wait to be drawn")
    max_memory_bytes: int = Field(
        default=4_000_000_000, ge=500_000_000, description="Memory of one evaluation; images that need more are refused"
    )
    deadline: float = Field(
        default=30.0, gt=0, le=86_400, description="Seconds one evaluation may take, and may wait for its turn"
    )

    scheduler: str = Field(
        default="",
        pattern="^$|://",
        description="Dask scheduler whose workers evaluate, such as `tcp://scheduler:8786`; empty evaluates here",
    )

    model: Path = Field(
        default=Path("var/model"), description="Folder of the category model (`python -m app model install`)"
    )
    model_provider: Provider = Field(default="auto", description="What runs it; auto takes a GPU if any")
    model_threads: int = Field(default=1, ge=1, le=64, description="Threads of one run of the category model")

    token: Annotated[SecretStr, AfterValidator(_sendable)] = Field(
        default=SecretStr(""),
        description="Password, in ASCII, for everything but /health and static files; empty asks none",
    )
    rate_limit: Annotated[str, AfterValidator(_readable)] = Field(
        default="", description="Comparisons and uploads of one client, such as `30/minute`; empty sets no limit"
    )
    trusted_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        default=(), description="Host names answered to, with commas; empty answers to any"
    )
    proxies: int = Field(default=0, ge=0, description="Proxies in front whose X-Forwarded-* headers are believed")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged"
    )

    @property
    def most_at_once(self) -> int:
        """Evaluations that one web process has under way at most, here or in a cluster."""
        return MOST_SLOTS if self.scheduler else self.evaluations

    @property
    def request_seconds(self) -> float:
        """What one request may take: to wait, to work, and four minutes for its body to arrive and its answer to go."""
        return 2 * self.deadline + 240

    @property
    def category_model(self) -> tuple[Path, Provider, int]:
        """Where the category model lies and how it runs."""
        return self.model.absolute(), self.model_provider, self.model_threads

    @property
    def limits(self) -> Limits:
        """What an image may cost, as the analysis takes it; never more than fits into the memory of an evaluation."""
        affordable = (self.max_memory_bytes - MEMORY_BASE) // MEMORY_PER_PIXEL
        return Limits(min(self.max_pixels, affordable), self.max_side, self.max_canvas)

    @property
    def max_request_bytes(self) -> int:
        """Two files and the form around them."""
        return 2 * self.max_file_bytes + 1_000_000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read ``IMAGE_DIFF_*``; an unknown or unusable variable is an error that names it."""
        given = {name[len(PREFIX) :].lower(): text for name, text in environment.items() if name.startswith(PREFIX)}
        try:
            return cls(**given)  # type: ignore[arg-type]  # pydantic reads the text
        except ValidationError as error:
            raise SettingsError("; ".join(_sentence(problem) for problem in error.errors())) from None


def _sentence(problem: Any) -> str:
    name = PREFIX + str(problem["loc"][0]).upper()
    if problem["type"] == "extra_forbidden":
        return f"{name} is not a setting of Image Diff"
    given = "" if problem["loc"][0] == "token" else f"={problem['input']!r}"  # a log is no place for it
    return f"{name}{given}: {problem['msg']}"


def as_markdown_table() -> str:
    """Write the table of the README."""
    rows = ["| variable | default | what it limits or does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{PREFIX}{name.upper()}` | {_shown(field.default)} | {field.description} |")
    return "\n".join(rows)


def _shown(value: Any) -> str:
    if value in ((), "", SecretStr("")):
        return "(empty)"
    if isinstance(value, int | float):
        return f"{value:,}".removesuffix(".0")
    return f"`{value}`"
