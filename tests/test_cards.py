"""Cards are shown when nothing else may be: they never fail, and never distort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcam_emoji import cards
from vcam_emoji.cards import Card

SIDES = st.integers(2, 400)


@pytest.mark.parametrize("card", list(Card))
def test_every_card_is_shipped(card: Card) -> None:
    picture = cards.picture(card, (1280, 720))
    assert picture.shape == (720, 1280, 3)
    assert picture.std(axis=(0, 1)).max() > 5, "this is the plain one"


def test_a_card_that_cannot_be_read_is_a_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "_read", lambda path: None)
    cards.picture.cache_clear()
    assert cards.picture(Card.HIDDEN, (64, 48)).std(axis=(0, 1)).max() == 0
    cards.picture.cache_clear()


@given(SIDES, SIDES, SIDES, SIDES)
@settings(max_examples=50)
def test_a_picture_fits_any_size(width: int, height: int, wide: int, high: int) -> None:
    image = np.full((height, width, 3), 200, np.uint8)
    fitted = cards.fit(image, (wide, high))
    assert fitted.shape == (high, wide, 3)
    assert fitted.min() >= 199


def test_fitting_keeps_proportions_and_fills_with_the_corner_colour() -> None:
    image = np.full((100, 100, 3), (10, 20, 30), np.uint8)
    image[25:75, 25:75] = 255
    fitted = cards.fit(image, (400, 200))
    ys, xs = np.nonzero(fitted[..., 0] > 200)
    assert abs((np.ptp(xs) + 1) - (np.ptp(ys) + 1)) <= 2
    assert tuple(fitted[0, 0]) == (10, 20, 30)
