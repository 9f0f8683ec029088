"""How properties are searched: anew each time at a desk, the same way each time in CI."""

from __future__ import annotations

import os

from hypothesis import Phase, settings

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
