"""When a moment of the demo is taken for the contact sheet."""

from __future__ import annotations

from collections.abc import Sequence

from vcam_emoji.clips.show import Moment
from vcam_emoji.demo.caption import Label
from vcam_emoji.demo.sheet import Shot
from vcam_emoji.types import Image

_SETTLED_S = 0.3
"""For so long the same must be said; an emoji fades in half that time."""
_PATIENCE_S = 0.7
"""No shot is later than that."""


class Shutter:
    """Takes the shot of each moment, a little later where an emoji is just turning into another.

    What is said of a face changes at once, its emoji fades.
    """

    def __init__(self, moments: Sequence[Moment], fps: float) -> None:
        """For a clip of so many frames a second."""
        self.shots: list[Shot] = []
        self._titles = {round(each.at * fps): each.title for each in moments}
        self._settled, self._patience = round(_SETTLED_S * fps), round(_PATIENCE_S * fps)
        self._said: tuple[Label, ...] = ()
        self._same = 0
        self._until = -1

    def see(self, index: int, before: Image, after: Image, said: tuple[Label, ...]) -> None:
        """See frame `index` of the clip, what became of it, and what is said of it."""
        self._same = self._same + 1 if said == self._said else 0
        self._said = said
        if index in self._titles:
            self._until = index + self._patience
            self.shots.append(Shot(before, after.copy(), self._titles[index], said))
        elif index <= self._until:
            self.shots[-1] = Shot(before, after.copy(), self.shots[-1].title, said)
        if self._same >= self._settled:
            self._until = index
