"""Image Diff: what is different between two images, and does it matter?"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings import Settings


def create_app(settings: "Settings | None" = None) -> "Flask":
    """Wire the service together."""
    # Imported here so that ``import app.analysis`` alone loads no web framework.
    from app.settings import Settings
    from app.web.factory import build

    return build(settings or Settings.from_environment())
