"""How a run gets on: a bar, the time left, and a line for every epoch."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from vcam_emoji.training.recipe import Recipe

if TYPE_CHECKING:
    from vcam_emoji.training.run import Epoch


class Bar:
    """Use it with `with`; hand `step` to what trains."""

    def __init__(self, recipe: Recipe, pictures: int, before: Iterable[Epoch]) -> None:
        """Show a run.

        Args:
            recipe: Says how long it will be.
            pictures: In an epoch.
            before: Epochs done already.
        """
        self._recipe = recipe
        epochs = list(before)
        self._spent = sum(epoch.seconds for epoch in epochs)
        self._begun = time.monotonic()
        self.console = Console(soft_wrap=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:.0f} %"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            speed_estimate_period=600,
            disable=not self.console.is_terminal,
        )
        steps = pictures // recipe.batch
        total = 60 * recipe.minutes if recipe.minutes else recipe.epochs * steps
        done = self._spent if recipe.minutes else len(epochs) * steps
        self._task = self._progress.add_task(recipe.network, total=total)
        self._progress.update(self._task, completed=done)

    def step(self, n: int) -> None:
        """So many batches were done."""
        if self._recipe.minutes:
            spent = self._spent + time.monotonic() - self._begun
            self._progress.update(self._task, completed=spent)
        else:
            self._progress.advance(self._task, n)

    def tell(self, epochs: Iterable[Epoch]) -> None:
        """Run through the epochs and print each."""
        recipe, spent = self._recipe, self._spent
        for epoch in epochs:
            spent += epoch.seconds
            if recipe.minutes:
                of, left = "", recipe.minutes - spent / 60
            else:
                of, left = f"/{recipe.epochs}", (recipe.epochs - epoch.number) * epoch.seconds / 60
            self.console.print(
                f"epoch {epoch.number}{of}  loss {epoch.loss:.4f}  "
                f"held out {epoch.accuracy:.2%}  macro-F1 {epoch.macro_f1:.2%}"
                f"{'  best' if epoch.best else ''}  {epoch.seconds:.1f} s, "
                f"{max(left, 0):.0f} min left",
                highlight=False,
            )

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
