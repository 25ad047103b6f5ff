"""What a model file cannot say about itself, as the JSON beside it says it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import ModelUnusable

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,120}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=16, le=1024)]
Positive = Annotated[float, Field(gt=0)]


class Description(BaseModel):
    """What a model file cannot say about itself; kept as JSON beside it.

    Attributes:
        source: where the model came from, in words.
        model, labels: file names in the same folder, with the SHA-256 of each.
        input: name of the picture input, ``width`` × ``height`` pixels with three channels.
        layout: "NCHW" or "NHWC".
        color_order: the order of the channels, "RGB" or "BGR".
        scale, mean, std: the input value is (pixel × scale − mean) / std per channel, pixel 0 to 255.
        has_background: the first class stands for "none of the others" and is never reported.
        scores: name of the output with one number per class.
        outputs: what these numbers are.
        embedding: name of the output with the pooled features.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: str
    model: FileName
    model_sha256: Sha256
    labels: FileName
    labels_sha256: Sha256
    input: str
    width: Side
    height: Side
    layout: Literal["NCHW", "NHWC"]
    color_order: Literal["RGB", "BGR"]
    scale: Positive
    mean: tuple[float, float, float]
    std: tuple[Positive, Positive, Positive]
    has_background: bool
    scores: str
    outputs: Literal["logits", "probabilities"]
    embedding: str

    @model_validator(mode="after")
    def _files_differ(self) -> Self:
        if self.model == self.labels:
            raise ValueError("model and labels name the same file")
        return self

    @classmethod
    def from_json(cls, text: str | bytes) -> "Description":
        """Read the sidecar.

        Parameters
        ----------
        text : str or bytes
            A JSON object with these attributes and no others.

        Returns
        -------
        Description

        Raises
        ------
        ModelUnusable
            Names the first field that is wrong.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise _wrong(error) from error

    @classmethod
    def of(cls, **facts: Any) -> "Description":
        """Make one from facts about a model.

        Parameters
        ----------
        **facts
            The attributes, each by its name.

        Returns
        -------
        Description

        Raises
        ------
        ModelUnusable
            Names the first field that is wrong.
        """
        try:
            return cls(**facts)
        except ValidationError as error:
            raise _wrong(error) from error


def _wrong(error: ValidationError) -> ModelUnusable:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "file"
    return ModelUnusable(f"The model's description is wrong at {where}: {first['msg']}.")
