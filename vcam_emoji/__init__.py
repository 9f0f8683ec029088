"""Be in the call as your own emoji: webcam in, expressive emoji face out, as a virtual camera."""

import os
import sys

__version__ = "0.1.0"

# OpenCV reads these when it is imported, whichever of our modules comes to it first.
if sys.platform == "win32":
    # Without it a camera takes up to twenty seconds to open.
    os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
elif sys.platform == "darwin":
    # OpenCV asks for permission in a way that fails outside the main thread; `capture` asks.
    os.environ.setdefault("OPENCV_AVFOUNDATION_SKIP_AUTH", "1")
