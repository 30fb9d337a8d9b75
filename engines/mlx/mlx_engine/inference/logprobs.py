"""Log probabilities of tokens: what the model itself thought, before the sampler chain."""

import numpy as np
from numpy.typing import NDArray

from ..messages import pb
from .tokenizer import Tokenizer


class Logprobs:
    """Of one answer. ``count``: the most probable alternatives to report."""

    def __init__(self, tokenizer: Tokenizer, count: int) -> None:
        self._tokenizer = tokenizer
        self._count = min(count, tokenizer.size)

    def write(self, token: pb.Token, row: NDArray[np.float32]) -> None:
        """``row``: the logits that the token was chosen by, perhaps with padding behind the vocabulary's."""
        logits = row[: self._tokenizer.size].astype(np.float64)
        logits[np.isnan(logits)] = -np.inf
        best = logits.max()
        logits -= best + np.log(np.exp(logits - best).sum())
        token.logprob = float(logits[token.id])
        if self._count == 0:
            return
        top = np.argpartition(-logits, self._count - 1)[: self._count]
        for place in top[np.lexsort((top, -logits[top]))]:
            piece = self._tokenizer.piece(int(place), special=True)
            token.top_logprobs.append(pb.TokenLogprob(id=int(place), piece=piece, logprob=float(logits[place])))
