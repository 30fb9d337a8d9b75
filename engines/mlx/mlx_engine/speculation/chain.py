"""One request's way from a row of logits to the distribution a token is drawn from, and the history that way depends on.

Order, as in llama.cpp's default chain and in the llama.cpp worker: logit bias, ignore_eos, min_tokens, penalties, top-k, typical, top-p,
min-p, temperature. At temperature 0 the most probable token after the penalties is certain and nothing is cut. Every probability in
between is at temperature 1 and normalised over what the stages before left, except that min-p compares with the most probable token.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .law import Law
from .settings import SamplingSettings

# A row of logits; or, where the chain edits nothing, what the device has made of it: the law, or at temperature 0 the most probable token.
Row = NDArray[np.float32] | Law | int


class SamplerChain:
    """Serves the rows of the main model and of the draft alike; not thread-safe."""

    def __init__(self, settings: SamplingSettings, vocabulary_size: int, end_of_generation: Iterable[int]) -> None:
        self._settings = settings
        self._size = vocabulary_size
        self._ends = frozenset(token for token in end_of_generation if 0 <= token < vocabulary_size)
        bans = self._ends if settings.ignore_eos else ()
        self._biases = [*settings.logit_bias, *((token, -np.inf) for token in sorted(bans))]
        self._history: list[int] = []
        self.position = 0

    @property
    def edits(self) -> bool:
        """Whether a row is changed by the tokens before it, or by biases."""
        return bool(self._biases) or self._settings.has_penalties or self.position < self._settings.min_tokens

    def is_end(self, token: int) -> bool:
        return token in self._ends

    def accept_prompt(self, tokens: Iterable[int]) -> None:
        self._history.extend(tokens)

    def accept(self, token: int) -> None:
        self._history.append(token)
        self.position += 1

    def restore(self, position: int) -> None:
        """Takes back every token accepted since this position."""
        taken_back = self.position - position
        if taken_back > 0:
            del self._history[-taken_back:]
            self.position = position

    def apply(self, row: Row, with_confidence: bool = False) -> Law:
        """Empty when no token is possible. ``with_confidence``: also at temperature 0 the probability at temperature 1 is wanted."""
        if isinstance(row, Law):
            return row
        if isinstance(row, int):
            return Law.point(row) if row >= 0 else Law.empty()
        logits = self._edit(row)
        best = int(np.argmax(logits))
        top = float(logits[best])
        if not np.isfinite(top):
            logits = np.where(np.isnan(logits), -np.inf, logits)
            best = int(np.argmax(logits))
            top = float(logits[best])
            if not np.isfinite(top):
                return Law.empty()
        if self._settings.is_greedy:
            return Law.point(best, 1 / float(np.exp(logits.astype(np.float64) - top).sum()) if with_confidence else 1.0)
        return self._cut(logits, top)

    def _edit(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        row = row[: self._size]
        if not self.edits:
            return row
        logits = row.copy()
        for token, bias in self._biases:
            if token < logits.size:
                logits[token] += np.float32(bias)
        if self.position < self._settings.min_tokens:
            logits[[token for token in self._ends if token < logits.size]] = -np.inf
        if self._settings.has_penalties:
            self._penalise(logits)
        return logits

    def _penalise(self, logits: NDArray[np.float32]) -> None:
        s = self._settings
        recent = self._history if s.penalty_window < 0 else self._history[-s.penalty_window :]
        tokens, counts = np.unique(np.array(recent, dtype=np.int64), return_counts=True)
        inside = (tokens >= 0) & (tokens < logits.size)
        tokens, counts = tokens[inside], counts[inside]
        values = logits[tokens]
        # Dividing a negative logit would make the token more probable.
        values = np.where(values > 0, values / np.float32(s.repetition_penalty), values * np.float32(s.repetition_penalty))
        logits[tokens] = values - (counts * s.frequency_penalty + s.presence_penalty).astype(np.float32)

    def _cut(self, logits: NDArray[np.float32], top: float) -> Law:
        s = self._settings
        scale = min(1 / s.temperature, float(np.finfo(np.float32).max))
        limited = 0 < s.top_k < logits.size
        if not limited and s.typical_p >= 1 and s.top_p >= 1 and s.min_p <= 0:
            return Law(None, np.exp((logits.astype(np.float64) - top) * scale))
        mass = None
        if limited:
            tokens = np.argpartition(-logits, s.top_k - 1)[: s.top_k]
        elif s.typical_p < 1 or s.min_p <= 0:
            tokens = np.flatnonzero(logits > -np.inf)
        else:
            # Top-p and min-p keep the most probable: what min-p would cut need not be sorted, only counted into the mass of top-p.
            tokens = np.flatnonzero(logits >= top + np.float32(np.log(s.min_p)))
            mass = float(np.exp(logits.astype(np.float64) - top).sum())
        values = logits[tokens].astype(np.float64)
        order = np.lexsort((tokens, -values))
        tokens, values = tokens[order], values[order]
        kept = values > -np.inf
        tokens, values = tokens[kept], values[kept]
        if s.typical_p < 1:
            tokens, values = _typical(tokens, values, s.typical_p)
        if s.top_p < 1:
            weights = np.exp(values - values[0])
            goal = s.top_p * (float(weights.sum()) if mass is None else mass * float(np.exp(top - values[0])))
            count = int(np.searchsorted(np.cumsum(weights), goal, side="left")) + 1
            tokens, values = tokens[:count], values[:count]
        if s.min_p > 0:
            kept = values >= values[0] + np.log(s.min_p)
            kept[0] = True
            tokens, values = tokens[kept], values[kept]
        return Law(tokens.astype(np.int64), np.exp((values - values[0]) * scale))


def _typical(tokens: NDArray[np.int64], values: NDArray[np.float64], share: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Keeps those whose surprise is nearest to the expected one (locally typical sampling; Meister et al., 2023). At least one."""
    weights = np.exp(values - values[0])
    total = float(weights.sum())
    surprise = values[0] - values + np.log(total)
    distance = np.abs(surprise - float((weights / total * surprise).sum())).astype(np.float32)
    order = np.lexsort((np.arange(distance.size), distance))
    count = int(np.searchsorted(np.cumsum(weights[order]), share * total, side="right")) + 1
    kept = np.sort(order[:count])
    return tokens[kept], values[kept]
