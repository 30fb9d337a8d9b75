"""One sequence in the cache of one model: how many tokens are in it, and taking some back."""

from typing import Any

from .model import Model

_NO_LIMIT = 1 << 40


class CachedSequence:
    """Used by the owner thread alone."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.length = 0
        self._cache = model.new_cache()

    @property
    def can_trim(self) -> bool:
        """False for recurrent states, and for a sliding window that has begun to overwrite itself."""
        return all(part.is_trimmable() for part in self._cache)

    @property
    def trim_limit(self) -> int:
        """Length up to which everything can be taken back: beyond it a sliding window overwrites what a refusal would need."""
        return min((size for part in self._cache for size in _window_sizes(part)), default=_NO_LIMIT)

    @property
    def nbytes(self) -> int:
        return sum(getattr(part, "nbytes", 0) for part in self._cache)

    def feed(self, tokens: Any) -> Any:
        """Queues a pass over a row of tokens (an MLX array); returns its logits, not computed yet: one row per token."""
        logits = self.model.net(tokens[None], cache=self._cache)
        self.length += tokens.size
        return logits[0]

    def start(self) -> None:
        """Begins to compute what was queued, to the middle of the layers."""
        import mlx.core as mx

        mx.async_eval(self._cache[(len(self._cache) - 1) // 2].state)

    def compute(self) -> None:
        """Runs what was queued, without its logits."""
        import mlx.core as mx

        mx.eval([part.state for part in self._cache])

    def keep(self, length: int) -> None:
        """Takes back all but so many tokens; a cache that cannot is emptied."""
        if length >= self.length:
            return
        if length > 0 and self.can_trim:
            for part in self._cache:
                part.trim(self.length - length)
            self.length = length
            return
        self._cache = self.model.new_cache()
        self.length = 0


def _window_sizes(part: Any) -> list[int]:
    children = getattr(part, "caches", None)
    if children:
        return [size for child in children for size in _window_sizes(child)]
    size = getattr(part, "max_size", None)
    return [size] if isinstance(size, int) else []
