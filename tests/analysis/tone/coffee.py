"""The photo that tests of tone expose otherwise, and its evening out."""

import cv2
import numpy as np
from skimage import data

from app.analysis.model import Options, Tone, UInt8Array
from app.analysis.tone.even import even_tone

BEFORE: UInt8Array = np.asarray(cv2.resize(data.coffee(), (450, 300), interpolation=cv2.INTER_AREA), np.uint8)
VALID = np.full(BEFORE.shape[:2], 255, np.uint8)


def evened(after: UInt8Array, before: UInt8Array = BEFORE, **options: str) -> tuple[Tone, UInt8Array]:
    tone, pixels, _ = even_tone(before, after.copy(), VALID, Options(**options))  # type: ignore[arg-type]
    return tone, pixels
