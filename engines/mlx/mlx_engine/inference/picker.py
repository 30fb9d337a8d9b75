"""Tokens chosen on the device. The next pass can then be queued before the host has seen the token, and a draft with the main model's pass
over it in one go: the device never waits for the host, and a step is read once.

For answers of which a row decides alone; penalties, biases and least lengths depend on the tokens before it and are the host's
(``speculation/chain.py``), as are cuts for which a whole vocabulary would have to be sorted. Cuts are those of the chain, at 32 bits; tokens
equal to the last one kept are kept, too. A weight that is returned is the weight that was drawn from.
"""

import math
from typing import Any

from ..speculation.random import CounterRandom, Purpose
from ..speculation.settings import SamplingSettings

# The largest 32-bit number below 1: a product with it is smaller than the other factor.
_BELOW_ONE = 1 - 2**-24
_LARGEST = 3e38


class Picker:
    """Of one answer; used by the owner thread alone."""

    def __init__(self, settings: SamplingSettings, vocabulary_size: int, seed: int) -> None:
        import mlx.core as mx

        self._mx = mx
        self._settings = settings
        self._size = vocabulary_size
        self._random = CounterRandom(seed)
        self.is_greedy = settings.is_greedy

    @staticmethod
    def can(settings: SamplingSettings) -> bool:
        """Whether the device can do what these settings ask."""
        # Among equals the chain keeps one token, and so does no threshold.
        return settings.is_greedy or (settings.typical_p >= 1 and settings.top_k != 1 and (settings.top_p >= 1 or settings.top_k > 0))

    def pick(self, logits: Any, position: int) -> Any:
        """The main model's token after the last row: an array of one, not computed yet; -1 when no token is possible."""
        row = logits[-1:]
        return self.best(row) if self.is_greedy else self.draw(self.weights(row), position, Purpose.MAIN)

    def best(self, logits: Any) -> Any:
        """The most probable token of every row."""
        return self._mx.argmax(self._known(logits), axis=-1).astype(self._mx.int32)

    def weights(self, logits: Any) -> Any:
        """Of every row what its tokens are drawn by; 0 for those that are cut."""
        mx, s = self._mx, self._settings
        below = self._known(logits).astype(mx.float32)
        below = below - mx.max(below, axis=-1, keepdims=True)
        kept = mx.exp(below * min(1 / s.temperature, _LARGEST))
        least = self._least(below)
        return kept if least is None else mx.where(below >= least, kept, 0.0)

    def draw(self, weights: Any, position: int, purpose: Purpose) -> Any:
        """The token at which the running sum of one row passes the random number of a position."""
        mx = self._mx
        sums = mx.cumsum(weights, axis=-1)
        total = sums[:, -1:]
        uniform = min(self._random.uniform(position, purpose), _BELOW_ONE)
        found = mx.argmax((sums > uniform * total) & (weights > 0), axis=-1)
        return mx.where(total[:, 0] > 0, found.astype(mx.int32), -1)

    def _known(self, logits: Any) -> Any:
        """Without the rows' padding."""
        return logits if logits.shape[-1] == self._size else logits[:, : self._size]

    def _least(self, below: Any) -> Any:
        """What a row's logits must reach, under its best one; None: all are kept."""
        mx, s = self._mx, self._settings
        least = None
        if 0 < s.top_k < below.shape[-1]:
            best = mx.topk(below, s.top_k, axis=-1)
            least = mx.min(best, axis=-1, keepdims=True)
            if s.top_p < 1:
                best = -mx.sort(-best, axis=-1)
                mass = mx.exp(best)
                before = mx.cumsum(mass, axis=-1) - mass
                inside = before < s.top_p * mx.sum(mass, axis=-1, keepdims=True)
                least = mx.min(mx.where(inside, best, 0.0), axis=-1, keepdims=True)
        if s.min_p > 0:
            least = math.log(s.min_p) if least is None else mx.maximum(least, math.log(s.min_p))
        return least
