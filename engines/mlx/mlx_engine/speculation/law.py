"""A distribution over tokens: what a token is drawn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_ONE = np.ones(1)


class Law:
    """Weights need not sum to 1. ``tokens`` None: the index is the token. ``confidence`` is the probability of the most probable one."""

    __slots__ = ("_by_token", "_total", "confidence", "tokens", "weights")

    def __init__(self, tokens: Integers | None, weights: Floats, confidence: float | None = None) -> None:
        self.tokens = tokens
        self.weights = weights
        self._total = float(weights.sum()) if weights.size else 0.0
        self._by_token: dict[int, float] | None = None
        if confidence is None:
            confidence = float(weights.max()) / self._total if self._total > 0 else 0.0
        self.confidence = confidence

    @staticmethod
    def point(token: int, confidence: float = 1.0) -> Law:
        law = Law.__new__(Law)  # The most common one by far.
        law.tokens, law.weights = np.array([token], dtype=np.int64), _ONE
        law._total, law._by_token = 1.0, {token: 1.0}
        law.confidence = confidence
        return law

    @staticmethod
    def empty() -> Law:
        return Law(None, np.zeros(0))

    @staticmethod
    def dense(weights: NDArray[np.float32]) -> Law:
        """Of weights by token that the device has made; nobody asks how sure it is."""
        return Law(None, weights.astype(np.float64), 1.0)

    @property
    def is_empty(self) -> bool:
        return not self._total > 0

    @property
    def is_point(self) -> bool:
        return self.tokens is not None and self.tokens.size == 1

    def probability(self, token: int) -> float:
        if self.tokens is None:
            return float(self.weights[token]) / self._total if 0 <= token < self.weights.size else 0.0
        if self._by_token is None:
            self._by_token = dict(zip(self.tokens.tolist(), self.weights.tolist(), strict=True))
        return self._by_token.get(token, 0.0) / self._total

    def draw(self, uniform: float) -> int:
        """The token at which the running sum of the weights passes this share of the total."""
        if self.tokens is not None and self.tokens.size == 1:
            return int(self.tokens[0])
        sums = np.cumsum(self.weights)
        index = int(np.searchsorted(sums, uniform * sums[-1], side="right"))
        if index >= sums.size:  # Rounding: the last token with a weight is meant.
            index = int(np.flatnonzero(self.weights)[-1])
        return index if self.tokens is None else int(self.tokens[index])

    def residual(self, draft: Law) -> Law:
        """What a refusal leaves: norm(max(0, self - draft)). Empty when nothing is left, which only rounding can bring about."""
        mine = self.weights / self._total
        if self.tokens is not None:
            other = np.array([draft.probability(token) for token in self.tokens.tolist()])
        else:
            other = np.zeros_like(mine)
            if draft.tokens is None:
                shared = min(mine.size, draft.weights.size)
                other[:shared] = draft.weights[:shared] / draft._total
            else:
                inside = draft.tokens < mine.size
                other[draft.tokens[inside]] = draft.weights[inside] / draft._total
        left = np.maximum(mine - other, 0)
        return Law(self.tokens, left)
