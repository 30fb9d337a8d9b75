"""When two greedy answers may differ: passes of different widths round differently, so the same tokens give slightly different logits. A
difference is excused where the logits of both tokens are no further from the best one than twice the largest such deviation measured for the
model. The best one is that of a token both could choose: the end of the text may be forbidden."""

from typing import Any

import numpy as np
from driver import Driver

from mlx_engine.inference.sequence import CachedSequence


class NearTie:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def first_unexcused(self, prompt: list[int], one: list[int], other: list[int]) -> int | None:
        """Index of the first token that differs without excuse; None when there is none."""
        same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        if same == len(one) == len(other):
            return None
        tokens = [*prompt, *one[:same]]
        narrow = self.logits(tokens, 1)
        deviation = max(float(np.abs(self.logits(tokens, width) - narrow).max()) for width in (2, 3, 4, 5, 8))
        if same < min(len(one), len(other)):
            best = np.delete(narrow, list(self._driver.main.tokenizer.end_of_generation)).max()
            gap = float(best - min(narrow[one[same]], narrow[other[same]]))
        else:  # An answer that ended here chose a token that is not in its list.
            second, first = np.sort(narrow)[-2:]
            gap = float(first - second)
        return same if gap > 2 * deviation else None

    def logits(self, tokens: list[int], width: int) -> Any:
        """Of the last token, the text fed in passes of a width; on the loop's thread, which owns MLX."""

        def compute() -> Any:
            import mlx.core as mx

            sequence = CachedSequence(self._driver.main)
            row = None
            for start in range(0, len(tokens), width):
                row = sequence.feed(mx.array(tokens[start : start + width]))[-1]
                mx.eval(row)
            return np.array(row)

        return self._driver.loop.call(compute).result()
