"""Be in the call as your own emoji: webcam in, expressive emoji face out, as a virtual camera."""

__version__ = "0.1.0"
