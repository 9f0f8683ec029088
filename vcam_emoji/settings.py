"""The person's settings: what they are, their ranges, and keeping them on disk.

`Devices` reopens the pipeline when it changes; everything else shows on the next frame.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vcam_emoji.commands import Mode


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Devices(_Model):
    """Which devices are open."""

    camera: str = Field(
        "0", min_length=1, description="index, device path, part of a name, file, folder or 'demo'"
    )
    width: int = Field(1280, ge=160, le=3840, description="pixels, even")
    height: int = Field(720, ge=120, le=2160, description="pixels, even")
    fps: int = Field(30, ge=5, le=60, description="frames a second")
    output: str = Field(
        "auto", min_length=1, description="'auto', a device path, a .mp4 file or 'none'"
    )

    @field_validator("width", "height")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even: browsers refuse odd sizes")
        return value


class Look(_Model):
    """How the picture looks, from the next frame on."""

    mode: Mode = Field(Mode.REPLACE, description="replace, overlay, off or card")
    faces: Literal["all", "largest"] = Field("all", description="which faces get an emoji")
    emoji_set: str = Field(
        "classic", min_length=1, max_length=64, description="name of an emoji set"
    )
    scale: float = Field(
        1.0, ge=0.5, le=3.0, description="size of the emoji against its usual size"
    )
    offset_x: float = Field(
        0.0, ge=-1, le=1, description="overlay only: to the right, in face widths"
    )
    offset_y: float = Field(0.0, ge=-1, le=1, description="overlay only: downwards, in face widths")
    opacity: float = Field(
        1.0, ge=0.1, le=1.0, description="overlay only: 1 hides, less shines through"
    )
    fade_s: float = Field(0.15, ge=0.0, le=1.0, description="cross-fade between emotions, seconds")
    mirror: bool = Field(False, description="mirror what others see")


class Reading(_Model):
    """How steadily emotions are read; the defaults were chosen from measurements."""

    smoothing_s: float = Field(
        0.25, ge=0.0, le=3.0, description="time constant of the scores, seconds"
    )
    hysteresis: float = Field(
        0.12, ge=0.0, le=0.5, description="lead a new emotion needs to take over"
    )
    minimum_hold_s: float = Field(
        0.4, ge=0.0, le=5.0, description="shortest time an emotion stays, seconds"
    )


class Safety(_Model):
    """How long a doubt is bridged in `replace` before nothing of the picture is shown."""

    hold_s: float = Field(
        0.5, ge=0.0, le=2.0, description="a lost face's cover stays and grows, seconds"
    )
    blur_s: float = Field(
        1.5, ge=0.0, le=10.0, description="then the frame is blurred, then the card, seconds"
    )


class Settings(_Model):
    devices: Devices = Devices()
    look: Look = Look()
    reading: Reading = Reading()
    safety: Safety = Safety()
