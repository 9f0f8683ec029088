"""How properties are searched: anew each time at a desk, the same way each time in CI."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from vcam_emoji import paths

# A busy machine is no failure, so no example has a deadline.
settings.register_profile("desk", deadline=None)
# Shrinking a failure takes minutes here; at a desk it is worth them.
settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    print_blob=True,
)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(autouse=True, scope="session")
def _nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever adds or removes a set deletes what is kept of a person: never of whoever tests."""
    folder = tmp_path_factory.mktemp("nobody") / "people"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "people", lambda: folder)
        yield
