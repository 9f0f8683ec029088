"""One opened webcam, by each system's own way to it."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import time
from typing import Protocol, TypeAlias

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from vcam_emoji import devices
from vcam_emoji.devices import READABLE, CameraDevice
from vcam_emoji.errors import CameraBusyError, CameraError
from vcam_emoji.types import Image

if sys.platform == "linux":
    from vcam_emoji import v4l2

Raw: TypeAlias = NDArray[np.uint8]
"""A picture as the camera sent it: compressed bytes or raw planes."""


class Capture(Protocol):
    """An open camera. One thread opens, grabs and closes; any may decode."""

    @property
    def description(self) -> str:
        """For people: name, size, rate and format."""
        ...

    def grab(self, timeout_s: float) -> Raw | None:
        """The newest picture not yet grabbed, or None if none came within the time.

        Raises:
            CameraError: if the camera is gone.
        """
        ...

    def decode(self, raw: Raw) -> Image | None:
        """The picture in BGR, or None if it arrived damaged."""
        ...

    def close(self) -> None: ...


def open_capture(camera: CameraDevice, width: int, height: int, fps: int) -> Capture:
    """Open a camera near the wanted size and rate.

    Raises:
        CameraBusyError: if another program has it.
        CameraError: if it is gone, forbidden or broken.
    """
    if sys.platform == "linux":
        return V4l2Capture(camera, width, height, fps)
    return OpenCvCapture(camera, width, height, fps)


if sys.platform == "linux":
    _CONVERSIONS = {
        "YUYV": cv2.COLOR_YUV2BGR_YUY2,
        "UYVY": cv2.COLOR_YUV2BGR_UYVY,
        "NV12": cv2.COLOR_YUV2BGR_NV12,
        "NV21": cv2.COLOR_YUV2BGR_NV21,
        "YU12": cv2.COLOR_YUV2BGR_I420,
        "YV12": cv2.COLOR_YUV2BGR_YV12,
        "RGB3": cv2.COLOR_RGB2BGR,
        "GREY": cv2.COLOR_GRAY2BGR,
    }
    _COMPRESSED = ("MJPG", "JPEG")
    _LEAST_FPS = 15

    def preferences(
        offers: list[v4l2.Offer], width: int, height: int, fps: float
    ) -> list[tuple[str, int, int]]:
        """Formats to try, best first: fourcc, width, height.

        What is hardly a film comes last; else the nearest size comes first, then a full rate, then
        what costs less to decode: turning 720p YUYV into BGR takes an eighth of the time of
        decoding it from JPEG, but over USB 2 only JPEG reaches 30 frames a second at that size.
        """

        def rank(offer: v4l2.Offer) -> tuple[bool, int, bool, bool, int]:
            too_small = offer.width < width or offer.height < height
            slides = 0 < offer.fps < min(_LEAST_FPS, 0.5 * fps)
            too_slow = 0 < offer.fps < 0.9 * fps
            distance = abs(offer.width * offer.height - width * height)
            return slides, distance, too_slow, too_small, READABLE.index(offer.fourcc)

        ranked = sorted(offers, key=rank)
        return list(dict.fromkeys((each.fourcc, each.width, each.height) for each in ranked))

    class V4l2Capture:
        """A camera on Linux, straight from the kernel."""

        def __init__(self, camera: CameraDevice, width: int, height: int, fps: int) -> None:
            self._camera = camera
            self._jpegs = Jpegs()
            try:
                self._device = v4l2.Device(camera.path)
            except OSError as error:
                raise explained(error, camera) from error
            try:
                self._got = self._start(width, height, fps)
            except OSError as error:
                self._device.close()
                raise explained(error, camera) from error
            except CameraError:
                self._device.close()
                raise

        def _start(self, width: int, height: int, fps: int) -> v4l2.Negotiated:
            identity = self._device.identity()
            if identity.virtual or not identity.captures:
                raise CameraError(f"{identity.name} ({self._camera.path}) is not a webcam.")
            offers = self._device.offers(READABLE)
            wishes = preferences(offers, width, height, fps)
            if not wishes:
                # A driver that lists no sizes is asked for them all the same.
                wishes = [(each, width, height) for each in ("MJPG", "YUYV")]
            got = None
            for fourcc, w, h in wishes:
                got = self._device.negotiate(fourcc, w, h, fps)
                if got.fourcc not in READABLE:
                    continue
                try:
                    self._device.start()
                except OSError as error:
                    if error.errno != errno.ENOSPC or got.fourcc in _COMPRESSED:
                        raise
                    # Too much for this USB bus uncompressed.
                    self._device.stop()
                    continue
                return got
            spoken = got.fourcc if got else "nothing"
            raise CameraError(
                f"{identity.name} sends {spoken}, which cannot be read.",
                f"Readable are: {', '.join(READABLE)}.",
            )

        @property
        def description(self) -> str:
            got = self._got
            rate = f" at {got.fps:.4g}" if got.fps else ""
            return f"{self._camera.name}, {got.width}x{got.height}{rate}, {got.fourcc}"

        def grab(self, timeout_s: float) -> Raw | None:
            try:
                return self._device.read(timeout_s)
            except OSError as error:
                raise explained(error, self._camera) from error

        def decode(self, raw: Raw) -> Image | None:
            if self._got.fourcc in _COMPRESSED:
                return self._jpegs.decode(raw)
            return decoded(raw, self._got)

        def close(self) -> None:
            self._device.close()

    def decoded(raw: Raw, form: v4l2.Negotiated) -> Image | None:
        """The BGR picture in a camera's uncompressed bytes, or None if some are missing."""
        shaped = _planes(raw, form)
        if shaped is None:
            return None
        if form.fourcc == "BGR3":
            return shaped
        return cv2.cvtColor(shaped, _CONVERSIONS[form.fourcc]).astype(np.uint8, copy=False)

    def _planes(raw: Raw, form: v4l2.Negotiated) -> Raw | None:
        """The bytes in the shape that cv2 wants, without what pads the rows."""
        width, height = form.width, form.height
        channels = {"YUYV": 2, "UYVY": 2, "RGB3": 3, "BGR3": 3}.get(form.fourcc, 1)
        planar = form.fourcc in ("NV12", "NV21", "YU12", "YV12")
        rows = height * 3 // 2 if planar else height
        stride = width * channels
        if form.stride > stride and form.fourcc not in ("YU12", "YV12"):
            stride = form.stride
        if raw.size < rows * stride:
            return None
        image = raw[: rows * stride].reshape(rows, stride)[:, : width * channels]
        return image.reshape(rows, width, channels) if channels > 1 else image

    def explained(error: OSError, camera: CameraDevice) -> CameraError:
        """A kernel's refusal as a sentence with its cure."""
        where = f"{camera.name} ({camera.path})" if camera.name else camera.path
        match error.errno:
            case errno.EBUSY:
                by = devices.holders(camera.path)
                hint = f"Close {', '.join(by)}." if by else "Close the other program that shows it."
                return CameraBusyError(f"{where} is used by another program.", hint)
            case errno.EACCES | errno.EPERM:
                return CameraError(
                    f"You may not use {where}.",
                    "Run: sudo usermod -aG video $USER, then log out and in again.",
                )
            case errno.ENODEV | errno.ENOENT | errno.ENXIO:
                return CameraError(f"{where} was unplugged.", "Plug it in again.")
            case errno.ENOSPC:
                return CameraError(
                    f"{where} gets too little of its USB bus.", "Plug it into another port."
                )
            case _:
                reason = os.strerror(error.errno or 0).lower()
                return CameraError(f"{where} failed: {reason}.", "Unplug it and plug it in again.")


class OpenCvCapture:
    """A camera on Windows or macOS, through OpenCV."""

    def __init__(self, camera: CameraDevice, width: int, height: int, fps: int) -> None:
        self._camera = camera
        _insist_on_permission()
        for number, backend in _ways(camera):
            self._video = cv2.VideoCapture(number, backend)
            if self._video.isOpened():
                break
        else:
            raise CameraBusyError(
                f"{camera.name} does not open.",
                f"Close other programs that show it, and allow it in {_PRIVACY}.",
            )
        self._video.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._video.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._video.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._video.set(cv2.CAP_PROP_FPS, fps)

    @property
    def description(self) -> str:
        width = self._video.get(cv2.CAP_PROP_FRAME_WIDTH)
        height = self._video.get(cv2.CAP_PROP_FRAME_HEIGHT)
        fps = self._video.get(cv2.CAP_PROP_FPS)
        rate = f" at {fps:g}" if fps > 0 else ""
        return f"{self._camera.name}, {width:.0f}x{height:.0f}{rate}"

    def grab(self, timeout_s: float) -> Raw | None:
        """As in `Capture`; a picture that is under way is waited for longer, as OpenCV likes."""
        ok, image = self._video.read()
        if not ok:
            # An unplugged camera answers at once, and would be asked again at once.
            time.sleep(min(timeout_s, 0.05))
            return None
        return image.astype(np.uint8, copy=False)

    def decode(self, raw: Raw) -> Image | None:
        return raw if raw.ndim == 3 else None

    def close(self) -> None:
        self._video.release()


def _ways(camera: CameraDevice) -> list[tuple[int, int]]:
    """Numbers and backends to try."""
    if sys.platform != "win32":
        return [(camera.number, cv2.CAP_AVFOUNDATION)]
    # DirectShow counts differently; by number alone we might open our own output.
    by_show = [number for number, name, _ in devices.numbered(cv2.CAP_DSHOW) if name == camera.name]
    return [(camera.number, cv2.CAP_MSMF), *((number, cv2.CAP_DSHOW) for number in by_show)]


_PRIVACY = "Settings, Privacy & security, Camera"


def _insist_on_permission() -> None:
    """On macOS, have the person asked once whether we may use the camera.

    Raises:
        CameraError: as long as they have not said yes.
    """
    if sys.platform != "darwin":
        return
    av = importlib.import_module("AVFoundation")
    asked = av.AVCaptureDevice.authorizationStatusForMediaType_(av.AVMediaTypeVideo)
    if asked == av.AVAuthorizationStatusNotDetermined:
        av.AVCaptureDevice.requestAccessForMediaType_completionHandler_(
            av.AVMediaTypeVideo, lambda _granted: None
        )
        raise CameraError("macOS asks whether this program may use the camera.", "Allow it.")
    if asked != av.AVAuthorizationStatusAuthorized:
        raise CameraError(
            "macOS does not let this program use the camera.", f"Allow it in System {_PRIVACY}."
        )


_MOST_PIXELS = 1 << 26
"""What says that it is larger is no camera's picture."""


class Jpegs:
    """Decodes a camera's JPEGs, leaving out what arrived damaged.

    By libjpeg-turbo itself: OpenCV's decoder smooths the enlarged colours, which takes a fifth of
    the time and is undone when the picture is sent at half the colours' resolution again.
    """

    def __init__(self) -> None:
        self._has_ended = False

    def decode(self, raw: Raw) -> Image | None:
        """The BGR picture, or None if the bytes are none or are cut short.

        Some cameras never write the end of a JPEG; only from the others is its lack a damage.
        """
        if raw.size < 4 or raw[0] != 0xFF or raw[1] != 0xD8:
            return None
        # Zeros may follow, and a little else.
        ended = b"\xff\xd9" in raw[-4096:].tobytes().rstrip(b"\0")[-64:]
        if not ended and self._has_ended:
            return None
        self._has_ended = ended
        if not ended:
            raw = np.append(raw, np.array([0xFF, 0xD9], np.uint8))
        try:
            height, width, _, _ = simplejpeg.decode_jpeg_header(raw, strict=False)
            if height * width > _MOST_PIXELS:
                return None
            image: Image = np.empty((height, width, 3), np.uint8)
            simplejpeg.decode_jpeg(raw, "BGR", fastupsample=True, buffer=image, strict=False)
        except (ValueError, KeyError):  # what every damage ends in, an unknown sampling too
            return None
        return image
