"""Compare two images: bytes and arrays in, frozen dataclasses out."""

from app.analysis.deadline import Deadline
from app.analysis.encoding import encode_png
from app.analysis.evaluate import evaluate
from app.analysis.model import Box, Evaluation, Limits, Options, Region

__all__ = ["Box", "Deadline", "Evaluation", "Limits", "Options", "Region", "encode_png", "evaluate"]
