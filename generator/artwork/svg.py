"""Drawings as SVG: shapes with soft fills, put together by code, the same text every time.

Lengths are units of the drawing's own square or rectangle, x to the right and y down.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil, cos, erf, floor, hypot, pi, sin, sqrt
from typing import TypeAlias
from xml.sax.saxutils import escape

from generator.artwork.colour import Colour

Point: TypeAlias = tuple[float, float]

Stop: TypeAlias = tuple[float, Colour] | tuple[float, Colour, float]
"""Where along a gradient, 0 to 1; the colour there; how opaque, 1 where it is not said."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A path, and the box it keeps to."""

    text: str
    """As the `d` of an SVG path."""
    box: tuple[float, float, float, float]
    """Left, top, right and bottom, more or less."""


_SOFT = 0.4
"""Pixels: a blur of less is none."""
_FINE = 0.5
"""Pixels a unit: with fewer, soft lines are drawn as nested ones."""
_NESTED = (0.97, 0.0, -0.97)
"""Where the thirds of a soft border are, in standard deviations."""


def number(value: float) -> str:
    """Two decimals are a fiftieth of a pixel at the largest size that is drawn."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@dataclass(slots=True)
class Drawing:
    """What is drawn so far; later shapes lie over earlier ones."""

    width: float
    height: float
    detail: float = 8.0
    """Pixels that a unit will have when it is seen: what would be too small to see is left out."""
    _definitions: dict[str, str] = field(default_factory=dict)
    """Gradients, clips and blurs: what they are, and what they are called."""
    _shapes: list[str] = field(default_factory=list)

    def svg(self) -> str:
        """The whole drawing."""
        definitions = "".join(
            text.replace("ID", name, 1) for text, name in self._definitions.items()
        )
        size = f'viewBox="0 0 {number(self.width)} {number(self.height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}><defs>{definitions}</defs>'
            f"{''.join(self._shapes)}</svg>"
        )

    # Paints: what fills a shape.

    def linear(self, start: Point, end: Point, stops: Sequence[Stop]) -> str:
        """A paint that changes along a line."""
        (x1, y1), (x2, y2) = start, end
        where = " ".join(
            f'{name}="{number(value)}"'
            for name, value in (("x1", x1), ("y1", y1), ("x2", x2), ("y2", y2))
        )
        return self._paint("linearGradient", where, stops)

    def radial(
        self, centre: Point, radius: float, stops: Sequence[Stop], squash: float = 1.0
    ) -> str:
        """A paint that changes from a centre outwards; `squash` is height over width."""
        (x, y) = centre
        where = f'r="{number(radius)}" '
        if squash == 1.0:
            where += f'cx="{number(x)}" cy="{number(y)}"'
        else:
            moved = f"translate({number(x)} {number(y)}) scale(1 {number(squash)})"
            where += f'cx="0" cy="0" gradientTransform="{moved}"'
        return self._paint("radialGradient", where, stops)

    def lit(self, stops: Sequence[Stop], towards: Point = (0.36, 0.3)) -> str:
        """A paint for any small ball: a light spot, given in shares of the shape's own box."""
        (x, y), listed = towards, "".join(_stop(stop) for stop in stops)
        where = f'cx="{number(x)}" cy="{number(y)}" r="0.75"'
        return self._defined(f'<radialGradient id="ID" {where}>{listed}</radialGradient>')

    def _paint(self, kind: str, where: str, stops: Sequence[Stop]) -> str:
        listed = "".join(_stop(stop) for stop in stops)
        return self._defined(
            f'<{kind} id="ID" gradientUnits="userSpaceOnUse" {where}>{listed}</{kind}>'
        )

    def _defined(self, text: str) -> str:
        name = self._definitions.setdefault(text, f"d{len(self._definitions)}")
        return f"url(#{name})"

    # Shapes.

    @contextlib.contextmanager
    def within(self, clip: Outline, opacity: float = 1.0) -> Iterator[None]:
        """Shapes drawn meanwhile do not show beyond the outline."""
        area = self._defined(f'<clipPath id="ID"><path d="{clip.text}"/></clipPath>')
        seen = f' opacity="{opacity:.3f}"' if opacity < 1.0 else ""
        self._shapes.append(f'<g clip-path="{area}"{seen}>')
        yield
        self._shapes.append("</g>")

    def shape(
        self,
        outline: Outline,
        fill: str | Colour | None = None,
        *,
        stroke: str | Colour | None = None,
        width: float = 0.0,
        opacity: float = 1.0,
        blur: float = 0.0,
        clip: Outline | None = None,
        punch: bool = False,
        dash: str = "",
    ) -> None:
        """A filled or stroked outline.

        Args:
            outline: A path, such as `curve` or `ellipse` gives.
            fill: A paint, a colour or nothing.
            stroke: The same for the line along the outline.
            width: Of the line.
            opacity: Of the whole shape, 0 to 1.
            blur: Standard deviation of its softness.
            clip: A path beyond which it does not show, softness included.
            punch: Inner outlines are holes.
            dash: Lengths of the line's pieces and gaps, such as `2 6`.
        """
        if opacity <= 0.0:
            return
        if blur * self.detail < _SOFT:
            blur = 0.0
        if blur and fill is None and stroke is not None and self.detail < _FINE:
            self._nested(outline, stroke, width, opacity, blur, clip)
            return
        style = [f'fill="{_css(fill)}"']
        if stroke is not None:
            style.append(f'stroke="{_css(stroke)}" stroke-width="{number(width)}"')
            style.append('stroke-linecap="round" stroke-linejoin="round"')
        if dash:
            style.append(f'stroke-dasharray="{dash}"')
        if opacity < 1.0:
            # A shape of one paint needs no layer of its own to be let through, which takes longer.
            paint = "" if fill and stroke else "stroke-" if stroke else "fill-"
            style.append(f'{paint}opacity="{opacity:.3f}"')
        if punch:
            style.append('fill-rule="evenodd"')
        if blur:
            style.append(f'filter="{self._blur(blur, outline.box, width)}"')
        drawn = f'<path d="{outline.text}" {" ".join(style)}/>'
        if clip is not None:
            area = self._defined(f'<clipPath id="ID"><path d="{clip.text}"/></clipPath>')
            drawn = f'<g clip-path="{area}">{drawn}</g>'
        self._shapes.append(drawn)

    def _nested(
        self, outline: Outline, stroke: str | Colour, width: float, opacity: float, blur: float,
        clip: Outline | None,
    ) -> None:  # fmt: skip
        """A soft line as lines within each other: at few pixels the same, and far faster."""
        peak = opacity * erf(width / (2 * sqrt(2) * blur))
        each = 1 - (1 - min(peak, 0.98)) ** (1 / len(_NESTED))
        for share in _NESTED:
            wide = max(1.0, width + 2 * blur * share)
            self.shape(outline, stroke=stroke, width=wide, opacity=each, clip=clip)

    def _blur(self, deviation: float, box: tuple[float, float, float, float], width: float) -> str:
        # Blurring takes most of the time, so only where there is something to blur.
        reach = 3 * deviation + width / 2 + 2
        left, top = max(0.0, floor(box[0] - reach)), max(0.0, floor(box[1] - reach))
        right = min(self.width, ceil(box[2] + reach))
        bottom = min(self.height, ceil(box[3] + reach))
        soft = f'<feGaussianBlur stdDeviation="{number(deviation)}"/>'
        area = (
            f'filterUnits="userSpaceOnUse" x="{number(left)}" y="{number(top)}" '
            f'width="{number(max(1.0, right - left))}" height="{number(max(1.0, bottom - top))}"'
        )
        colours = 'color-interpolation-filters="sRGB"'
        return self._defined(f'<filter id="ID" {area} {colours}>{soft}</filter>')

    def write(self, words: str, centre: Point, size: float, colour: Colour, font: str) -> None:
        """A line of text, centred on its baseline."""
        (x, y) = centre
        self._shapes.append(
            f'<text x="{number(x)}" y="{number(y)}" text-anchor="middle" fill="{colour}" '
            f'font-family="{escape(font)}" font-weight="bold" font-size="{number(size)}">'
            f"{escape(words)}</text>"
        )

    def place(self, other: Drawing, at: Point, scale: float, turn: float = 0.0) -> None:
        """Another drawing in this one: its middle at a point, turned clockwise by degrees.

        Its paints come along under new names.
        """
        # Definitions go by their text, so the same one in both drawings gets one name here; the
        # others' names are taken over in two steps, since old and new names overlap.
        shapes = "".join(other._shapes)
        for text, name in other._definitions.items():
            new = self._defined(text).removeprefix("url(#").removesuffix(")")
            shapes = shapes.replace(f"url(#{name})", f"url(#new-{new})")
        shapes = shapes.replace("url(#new-", "url(#")
        moved = (
            f"translate({number(at[0])} {number(at[1])}) rotate({number(turn)}) "
            f"scale({scale:.4f}) translate({number(-other.width / 2)} {number(-other.height / 2)})"
        )
        self._shapes.append(f'<g transform="{moved}">{shapes}</g>')


def _stop(stop: Stop) -> str:
    opacity = f' stop-opacity="{stop[2]:.3f}"' if len(stop) == 3 else ""
    return f'<stop offset="{stop[0]:.3f}" stop-color="{stop[1]}"{opacity}/>'


def _css(paint: str | Colour | None) -> str:
    return "none" if paint is None else str(paint)


# Outlines.


def _outline(text: str, points: Sequence[Point]) -> Outline:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return Outline(text, (min(xs), min(ys), max(xs), max(ys)))


def ellipse(centre: Point, rx: float, ry: float | None = None) -> Outline:
    """A closed ellipse, or a circle."""
    (x, y), ry = centre, rx if ry is None else ry
    a, b = number(rx), number(ry)
    left, right, across = number(x - rx), number(x + rx), number(y)
    text = f"M{left} {across}A{a} {b} 0 1 1 {right} {across}A{a} {b} 0 1 1 {left} {across}Z"
    return Outline(text, (x - rx, y - ry, x + rx, y + ry))


def polygon(points: Sequence[Point]) -> Outline:
    """Straight lines through the points, closed; fine where they are close together."""
    return _outline(line(points).text + "Z", points)


def line(points: Sequence[Point]) -> Outline:
    """Straight lines through the points, open."""
    text = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return _outline(text, points)


def curve(points: Sequence[Point], *, closed: bool = True) -> Outline:
    """A smooth line through the points (Catmull-Rom, as Bezier pieces)."""
    count = len(points)
    start = points[0]
    pieces = [f"M{number(start[0])} {number(start[1])}"]
    for i in range(count if closed else count - 1):
        before, here = points[i - 1 if closed or i else 0], points[i]
        after = points[(i + 1) % count]
        beyond = points[(i + 2) % count if closed else min(i + 2, count - 1)]
        c1 = here[0] + (after[0] - before[0]) / 6, here[1] + (after[1] - before[1]) / 6
        c2 = after[0] - (beyond[0] - here[0]) / 6, after[1] - (beyond[1] - here[1]) / 6
        # Two hundred numbers a shape: told at once, since formatting them takes most of the time.
        pieces.append(
            f"C{c1[0]:.1f} {c1[1]:.1f} {c2[0]:.1f} {c2[1]:.1f} {after[0]:.1f} {after[1]:.1f}"
        )
    return _outline("".join(pieces) + ("Z" if closed else ""), points)


def stroke(points: Sequence[Point], width: float, start: float = 0.0, end: float = 0.0) -> Outline:
    """A stroke of a brush along the points, `width` wide in the middle.

    Args:
        points: Where it goes.
        width: In the middle.
        start: How wide it begins, as a share of that: 0 is a point, 1 a round end.
        end: How wide it ends.
    """
    last = len(points) - 1
    left: list[Point] = []
    right: list[Point] = []
    for i, (x, y) in enumerate(points):
        (ax, ay), (bx, by) = points[max(0, i - 1)], points[min(last, i + 1)]
        run = hypot(bx - ax, by - ay) or 1.0
        u = i / last
        swell = sin(pi * u)
        edge = start if u < 0.5 else end
        half = width / 2 * (edge + (1 - edge) * swell)
        nx, ny = -(by - ay) / run * half, (bx - ax) / run * half
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    tips = [_tip(points, width * start / 2, 0), _tip(points, width * end / 2, last)]
    return curve([*left, *tips[1], *reversed(right), *tips[0]])


def _tip(points: Sequence[Point], half: float, at: int) -> list[Point]:
    """The round end of a stroke: a point beyond it."""
    if half < 0.5:
        return []
    (x, y), (px, py) = points[at], points[1 if at == 0 else at - 1]
    run = hypot(x - px, y - py) or 1.0
    return [(x + (x - px) / run * half, y + (y - py) / run * half)]


def lines(paths: Sequence[Sequence[Point]]) -> Outline:
    """Many open lines at once, told briefly."""
    text = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in path) for path in paths)
    xs, ys = [x for path in paths for x, _ in path], [y for path in paths for _, y in path]
    return Outline(text, (min(xs), min(ys), max(xs), max(ys)))


def together(outlines: Sequence[Outline]) -> Outline:
    """Several outlines as one: painted at once, so where they overlap nothing doubles."""
    boxes = [each.box for each in outlines]
    low, high = (
        [min(v) for v in zip(*boxes, strict=True)],
        [max(v) for v in zip(*boxes, strict=True)],
    )
    return Outline("".join(each.text for each in outlines), (low[0], low[1], high[2], high[3]))


def drop(tip: Point, radius: float, length: float, lean: float = 0.0) -> Outline:
    """A hanging drop: its tip, the radius of its belly, tip to bottom; `lean` moves the belly."""
    (x, y) = tip
    bx, by = x + lean, y + length - radius
    belly = [
        (bx + radius * cos(angle), by + radius * sin(angle))
        for angle in (pi * (-0.12 + 1.24 * i / 8) for i in range(9))
    ]
    return curve([(x, y), *belly])


def between(upper: Sequence[Point], lower: Sequence[Point]) -> Outline:
    """The area between two lines that run the same way."""
    return polygon([*upper, *reversed(lower)])


def rounded(corner: Point, width: float, height: float, radius: float) -> Outline:
    """A rectangle by its top left corner, with round corners."""
    (x, y), r = corner, radius
    a, b = number(r), number
    text = (
        f"M{b(x + r)} {b(y)}H{b(x + width - r)}A{a} {a} 0 0 1 {b(x + width)} {b(y + r)}"
        f"V{b(y + height - r)}A{a} {a} 0 0 1 {b(x + width - r)} {b(y + height)}"
        f"H{b(x + r)}A{a} {a} 0 0 1 {b(x)} {b(y + height - r)}V{b(y + r)}"
        f"A{a} {a} 0 0 1 {b(x + r)} {b(y)}Z"
    )
    return Outline(text, (x, y, x + width, y + height))


def capsule(start: Point, end: Point, radius: float) -> Outline:
    """An upright bar with round ends, from the middle of one end to that of the other."""
    (x, y0), (_, y1) = start, end
    return rounded((x - radius, y0 - radius), 2 * radius, y1 - y0 + 2 * radius, radius)
