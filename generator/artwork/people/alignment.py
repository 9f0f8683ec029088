"""Where the features of a head lie: as on the mean of aligned photographs.

Photographs that are aligned as FFHQ's are have eyes and mouth in the same places (Karras et al.
2019, appendix A). The drawings have them there too, so that layers of a network that learnt
photographs and of one that learnt drawings mean the same place.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from vcam_emoji.errors import DataError
from vcam_emoji.types import FivePoints

EYE_X = 0.1224
"""Of the middle of an eye from the middle of the picture, in shares of its width: the median over
508 of the 8,140 aligned photographs (every 16th, at 384 px, `measure`; eyes at 0.379 and 0.624)."""
EYE_Y = 0.4767
"""From the top; the same photographs, both eyes."""
NOSE_Y = 0.6364
"""Of the nose's tip."""
MOUTH_Y = 0.7350
"""Of the corners of the mouth, at 0.392 and 0.611 from the left."""
FACE = (0.2273, 0.7779)
"""Left and right border of the face's oval."""
CHIN_Y = 0.9163


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians over photographs, as fractions of their width and height."""

    points: FivePoints
    sides: tuple[float, float]
    """Left and right border of the face's oval."""
    chin: float
    hairline: float
    photographs: int


def measure(photographs: Path, count: int = 500, side: int = 384) -> Measured:
    """Measure again what this module's constants say.

    The face finder looks at every k-th photograph of a zip, enlarged to `side` pixels.

    Raises:
        DataError: if the zip cannot be read, or shows hardly any face.
    """
    import cv2
    import numpy as np

    from vcam_emoji.faces import open_finder

    finder = open_finder()
    rows = []
    try:
        with zipfile.ZipFile(photographs) as archive:
            names = sorted(n for n in archive.namelist() if n.endswith((".jpg", ".png", ".webp")))
            for name in names[:: max(1, len(names) // count)]:
                encoded = np.frombuffer(archive.read(name), np.uint8)
                image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
                if image is None:
                    continue
                image = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
                found = finder.find(image.astype(np.uint8, copy=False))
                if found:
                    box, points = found[0].box, found[0].points.array()
                    rows.append([*points.ravel(), box.x0, box.x1, box.y1, box.y0])
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{photographs} cannot be read as a zip.", "Give the photographs."
        ) from error
    if len(rows) < 10:
        raise DataError(f"{photographs} shows hardly any face.", "Give aligned photographs.")
    middle = np.median(np.array(rows), axis=0) / side
    five = [(float(x), float(y)) for x, y in middle[:10].reshape(5, 2)]
    x0, x1, chin, hairline = (float(v) for v in middle[10:])
    return Measured(FivePoints(*five), (x0, x1), chin, hairline, len(rows))
