"""Networks run by LiteRT: the only module that imports it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vcam_emoji import memory
from vcam_emoji.errors import ModelError


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output, as the model declares it."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]


class Network:
    """A `.tflite` model. One thread calls it at a time."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        """Load the model and claim its memory.

        Raises:
            ModelError: the file is not there or not a model, or LiteRT itself does not load.
        """
        self.path = path
        self._threads = threads
        self._interpreter = interpreter = self._loaded()
        self._used = time.monotonic()
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        self._input_indices = [each["index"] for each in inputs]
        self._output_indices = [each["index"] for each in outputs]
        self.inputs: tuple[Tensor, ...] = tuple(map(_tensor, inputs))
        self.outputs: tuple[Tensor, ...] = tuple(map(_tensor, outputs))

    def run(self, *arrays: NDArray[np.generic]) -> tuple[NDArray[np.float32], ...]:
        """Run once.

        Args:
            arrays: One per input, in the order, shape and type of `inputs`.

        Returns:
            One array per output, in the order of `outputs`; they are the caller's own.

        Raises:
            ModelError: an array does not fit the model, or the model fails.
        """
        if len(arrays) != len(self.inputs):
            raise ModelError(
                f"The network {self.path.name} takes {len(self.inputs)} arrays, got {len(arrays)}."
            )
        try:
            interpreter = self._interpreter = self._interpreter or self._loaded()
            self._used = time.monotonic()
            for index, array in zip(self._input_indices, arrays, strict=True):
                interpreter.set_tensor(index, array)
            interpreter.invoke()
            return tuple(interpreter.get_tensor(index) for index in self._output_indices)
        except (ValueError, RuntimeError) as error:
            wanted = ", ".join(f"{each.dtype} {each.shape}" for each in self.inputs)
            given = ", ".join(f"{each.dtype} {each.shape}" for each in arrays)
            raise ModelError(
                f"The network {self.path.name} failed on {given}; it takes {wanted}: "
                f"{_first_line(error)}"
            ) from error

    def rest(self, idle_s: float) -> None:
        """Give its memory back if it has not been run for that many seconds.

        The next run claims it again, which takes some 15 ms.
        """
        if self._interpreter is not None and time.monotonic() - self._used >= idle_s:
            self._interpreter = None
            memory.return_what_is_free()

    def _loaded(self) -> Any:
        if not self.path.is_file():
            raise ModelError(
                f"The network {self.path.name} is missing: there is no file {self.path}.",
                "Install vcam-emoji again, or check out its assets folder.",
            )
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ModelError(
                f"LiteRT, which runs the networks, cannot be loaded ({error}).",
                "Install it with: python -m pip install ai-edge-litert",
            ) from error
        try:
            interpreter = Interpreter(model_path=str(self.path), num_threads=self._threads)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"The network {self.path.name} cannot be read: {_first_line(error)}",
                "The file is damaged; install vcam-emoji again.",
            ) from error
        return interpreter


def _tensor(detail: dict[str, object]) -> Tensor:
    shape = tuple(int(each) for each in np.asarray(detail["shape"]))
    return Tensor(str(detail["name"]), shape, np.dtype(detail["dtype"]))  # type: ignore[call-overload]


def _first_line(error: Exception) -> str:
    """LiteRT's message ends in a stack of its own; the first line says what is wrong."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".") + "."
