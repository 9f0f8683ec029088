"""Earrings."""

from __future__ import annotations

from generator.artwork.colour import WHITE
from generator.artwork.people.build import Build
from generator.artwork.people.head import ear
from generator.artwork.people.person import Person
from generator.artwork.people.tones import cloth_tones
from generator.artwork.svg import Drawing, curve, ellipse, line


def draw_earrings(drawing: Drawing, person: Person, frame: Build) -> None:
    """At both lobes."""
    if person.earrings == "none":
        return
    tones = cloth_tones(person.earring_colour)
    for side in (-1, 1):
        x, y = ear(frame, side)
        x, y = x + side * 6, y + 37 + 5 * person.ear_size
        metal = drawing.lit(
            [(0.0, tones.rim), (0.35, tones.light), (0.7, tones.base), (1.0, tones.deep)]
        )
        if person.earrings == "stud":
            drawing.shape(ellipse((x, y - 5), 7.5), metal, stroke=tones.deep, width=1.2)
            drawing.shape(ellipse((x - 2.4, y - 7.6), 2.2), WHITE, opacity=0.95)
        elif person.earrings == "hoop":
            ring = ellipse((x, y + 17), 18, 22)
            drawing.shape(ring, stroke=tones.deep, width=7)
            drawing.shape(ring, stroke=metal, width=5)
            drawing.shape(
                curve([(x - 15, y + 7), (x - 17.6, y + 17), (x - 15, y + 27)], closed=False),
                stroke=WHITE,
                width=2,
                opacity=0.8,
            )
        else:
            drawing.shape(line([(x, y - 6), (x, y + 12)]), stroke=tones.deep, width=3)
            drawing.shape(ellipse((x, y - 6), 4.5), metal)
            pear = curve(
                [
                    (x, y + 6),
                    (x + 8, y + 22),
                    (x + 8.5, y + 31),
                    (x, y + 38),
                    (x - 8.5, y + 31),
                    (x - 8, y + 22),
                ]
            )
            drawing.shape(pear, metal, stroke=tones.deep, width=1.2)
            drawing.shape(ellipse((x - 3, y + 26), 2, 4), WHITE, opacity=0.9)
