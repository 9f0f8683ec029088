from __future__ import annotations

import pytest

from generator.people import SHARE_HELD_OUT, held_out, person_of


@pytest.mark.parametrize(
    ("file", "person"),
    [
        ("lfw/Grace_Hopper_0001.jpg", "Grace_Hopper"),
        ("lfw\\Grace_Hopper_0012.jpg", "Grace_Hopper"),
        ("congress/1282.jpg", "1282"),
        ("me.png", "me"),
        ("holiday_2024.png", "holiday"),
    ],
)
def test_a_person_is_read_off_the_name_of_the_photo(file: str, person: str) -> None:
    assert person_of(file) == person


def test_all_photos_of_a_person_are_held_out_or_none() -> None:
    for number in range(500):
        photos = {held_out(f"lfw/Somebody_No{number}_{photo:04}.jpg") for photo in range(1, 6)}
        assert len(photos) == 1


def test_about_the_promised_share_of_people_is_held_out() -> None:
    share = sum(held_out(f"Person{number}_0001.jpg") for number in range(20_000)) / 20_000
    assert share == pytest.approx(SHARE_HELD_OUT, rel=0.2)


def test_who_is_held_out_never_changes() -> None:
    assert [n for n in range(200) if held_out(f"congress/{n:04}.jpg")] == [4, 33, 54, 92, 116, 198]
