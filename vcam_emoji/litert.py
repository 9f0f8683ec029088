"""Networks run by LiteRT: the only module that imports it."""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

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

    _greeted: ClassVar[bool] = False
    """LiteRT has greeted in this process, and will not again."""

    def __init__(self, path: Path, threads: int = 1, taps: Sequence[int] = ()) -> None:
        """Load the model and claim its memory.

        Args:
            path: Of the `.tflite` file.
            threads: That LiteRT may use.
            taps: Indices of inner tensors to give out too, after the outputs that the model names.

        Raises:
            ModelError: the file is not there or not a model, or LiteRT itself does not load.
        """
        self.path = path
        self._threads = threads
        self._taps = tuple(taps)
        self._interpreter = interpreter = self._loaded()
        self._used = time.monotonic()
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        self._input_indices = [each["index"] for each in inputs]
        self._output_indices = [each["index"] for each in outputs]
        self._quantization = [each["quantization"] for each in outputs]
        self.inputs: tuple[Tensor, ...] = tuple(map(_tensor, inputs))
        self.outputs: tuple[Tensor, ...] = tuple(map(_tensor, outputs))

    def run(self, *arrays: NDArray[np.generic]) -> tuple[NDArray[np.float32], ...]:
        """Run once.

        Args:
            arrays: One per input, in the order, shape and type of `inputs`.

        Returns:
            One array per output, in the order of `outputs`; they are the caller's own. Quantised
            ones are given as the numbers that they stand for.

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
            found = [interpreter.get_tensor(index) for index in self._output_indices]
        except (ValueError, RuntimeError) as error:
            wanted = ", ".join(f"{each.dtype} {each.shape}" for each in self.inputs)
            given = ", ".join(f"{each.dtype} {each.shape}" for each in arrays)
            raise ModelError(
                f"The network {self.path.name} failed on {given}; it takes {wanted}: "
                f"{_first_line(error)}"
            ) from error
        return tuple(map(_meant, found, self._quantization))

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
            model = (
                {"model_content": _tapped(self.path.read_bytes(), self._taps)}
                if self._taps
                else {"model_path": str(self.path)}
            )
            with contextlib.nullcontext() if Network._greeted else _without_greeting():
                interpreter = Interpreter(**model, num_threads=self._threads)
                interpreter.allocate_tensors()
            Network._greeted = True
        except (ValueError, RuntimeError, struct.error) as error:
            raise ModelError(
                f"The network {self.path.name} cannot be read: {_first_line(error)}",
                "The file is damaged; install vcam-emoji again.",
            ) from error
        return interpreter


_GREETING = b"Created TensorFlow Lite XNNPACK delegate for CPU"


@contextlib.contextmanager
def _without_greeting() -> Iterator[None]:
    """LiteRT greets on the error stream, past Python; whatever else comes meanwhile is kept."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no error stream, as under pythonw
        yield
        return
    try:
        with tempfile.TemporaryFile() as heard:
            os.dup2(heard.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(kept, 2)
                heard.seek(0)
                for line in heard:
                    if _GREETING not in line:
                        os.write(2, line)
    finally:
        os.close(kept)


def _tensor(detail: dict[str, object]) -> Tensor:
    shape = tuple(int(each) for each in np.asarray(detail["shape"]))
    return Tensor(str(detail["name"]), shape, np.dtype(detail["dtype"]))  # type: ignore[call-overload]


def _meant(array: NDArray[Any], quantization: tuple[float, int]) -> NDArray[np.float32]:
    """What a quantised array stands for; a scale of 0 says that it is none."""
    scale, zero = quantization
    if not scale:
        return array
    return (array.astype(np.float32) - np.float32(zero)) * np.float32(scale)


def _tapped(model: bytes, taps: Sequence[int]) -> bytes:
    """The model, with more of its tensors named as outputs.

    LiteRT can keep all inner tensors, but warns that this is for debugging, and is slower then. So
    the list of outputs is written anew at the end of the file, and the offset to it set there.

    Source: TensorFlow Lite's `schema.fbs` (`Model.subgraphs` and `SubGraph.outputs` are the third
    field of their tables), and "FlatBuffer internals" for how tables and vectors lie in memory.
    """
    content = bytearray(model)
    content.extend(bytes(-len(content) % 4))

    def follow(at: int) -> int:
        return at + int(struct.unpack_from("<I", content, at)[0])

    def third_field(table: int) -> int:
        vtable = table - int(struct.unpack_from("<i", content, table)[0])
        return table + int(struct.unpack_from("<H", content, vtable + 8)[0])

    subgraphs = follow(third_field(follow(0)))
    outputs_field = third_field(follow(subgraphs + 4))
    outputs = follow(outputs_field)
    (count,) = struct.unpack_from("<I", content, outputs)
    told = struct.unpack_from(f"<{count}i", content, outputs + 4)
    struct.pack_into("<I", content, outputs_field, len(content) - outputs_field)
    return bytes(content) + struct.pack(f"<I{count + len(taps)}i", count + len(taps), *told, *taps)


def _first_line(error: Exception) -> str:
    """LiteRT's message ends in a stack of its own; the first line says what is wrong."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".") + "."
