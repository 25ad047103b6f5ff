"""Image Diff: what is different between two images, and does it matter?"""

import os
from typing import TYPE_CHECKING

# OpenCV reads this once, when it is first imported, and would otherwise decode a gigapixel; decode() checks
# the real limits in the header beforehand, so this is the second belt.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "200000000")

# The small systems that the tone step solves gain nothing from BLAS threads, which wait for each other on busy cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# ONNX Runtime 1.29 and later reports to its maker from the moment it is imported, unless this is set before.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__version__ = "0.1.0"  # pyproject.toml says the same, where nothing of this can be imported

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Wire the service together."""
    # Imported here so that ``import app.analysis`` alone loads no web framework.
    from app.settings import Settings
    from app.web.factory import build

    return build(settings or Settings.from_environment())
