"""What a step drafts: tokens that stood in the text before, or tokens of the draft model."""

from typing import Any

import numpy as np

from .. import log
from ..messages import pb
from ..speculation.law import Law
from ..speculation.random import Purpose
from .answer import Answer
from .picker import Picker
from .slot import Slot

# Tokens before the last one that a draft may lack: it reads them in the pass of its first token.
_SMALL_LAG = 8


class DraftFailed(Exception):
    """The draft model cannot be used any more; the main model goes on."""


class Drafter:
    """Used by the owner thread alone. Drafts are read from the device with the main model's pass over them where the device chooses their
    tokens; until ``settle`` the answer's draft is then empty."""

    def __init__(self, mx: Any) -> None:
        self._mx = mx
        self._tokens: list[Any] = []
        self._weights: list[Any] = []

    @property
    def queued(self) -> list[Any]:
        """What is still to be computed of the draft."""
        return self._tokens + self._weights

    def sent(self, answer: Answer) -> Any:
        """The drafted tokens that go through the main model, as a row; None: none."""
        if self._tokens:
            return self._mx.concatenate(self._tokens)
        tokens = answer.draft.tokens[: answer.draft.sent_count]
        return self._mx.array(tokens) if tokens else None

    def copy(self, slot: Slot, answer: Answer, room: int) -> bool:
        """Drafts what followed in the text before; False: nothing."""
        found = slot.ngrams.match(slot.tokens, room)
        length = min(len(found), answer.draft_length(pb.ORIGIN_NGRAM, len(found))) if found else 0
        if length == 0:
            return False
        answer.draft.begin(pb.ORIGIN_NGRAM, length)
        for token in found[:length]:
            answer.draft.propose(token, Law.point(token))
        answer.draft.end()
        return bool(answer.draft.tokens)

    def write(self, slot: Slot, answer: Answer, length: int) -> bool:
        """Drafts with the draft model; False: nothing."""
        draft = answer.draft
        draft.begin(pb.ORIGIN_DRAFT, length)
        if not draft.wants_more:
            return False
        try:
            if answer.picker is not None and not draft.needs_confidence:
                self._queue(slot, answer, answer.picker, length)
                return True
            self._draw(slot, answer)
        except Exception as failure:
            draft.end()
            self._fail(failure)
        draft.end()
        return bool(draft.tokens)

    def settle(self, answer: Answer) -> None:
        """Puts what was queued into the answer's draft. The main model's pass over it is queued by now."""
        if not self._tokens:
            return
        draft = answer.draft
        tokens, weights = self._tokens, self._weights
        self._tokens, self._weights = [], []
        try:
            self._mx.eval(tokens, weights)
        except Exception as failure:
            draft.end()
            self._fail(failure)
        for index, array in enumerate(tokens):
            token = int(array.item())
            if token < 0 or not draft.wants_more:
                break
            draft.propose(token, Law.dense(np.array(weights[index])[0]) if weights else Law.point(token))
        draft.end()

    def follow(self, slot: Slot, chunk: int) -> bool:
        """Gives the draft model a slice of the text it lacks, never the last token: it drafts from that. False when it lacks little."""
        if slot.draft is None:
            return False
        start = slot.draft.length
        lag = len(slot.tokens) - 1 - start
        if lag <= _SMALL_LAG:
            return False
        count = lag if lag <= chunk + _SMALL_LAG else chunk
        try:
            slot.draft.feed(self._mx.array(slot.tokens[start : start + count]))
            slot.draft.compute()
        except Exception as failure:
            self._fail(failure)
        return True

    def _queue(self, slot: Slot, answer: Answer, picker: Picker, length: int) -> None:
        """All passes, each on the token of the one before. Each begins while the next is being put together."""
        assert slot.draft is not None
        tokens = self._mx.array(slot.tokens[slot.draft.length :])
        for position in range(answer.chain.position, answer.chain.position + length):
            row = slot.draft.feed(tokens)[-1:]
            if picker.is_greedy:
                tokens = picker.best(row)
            else:
                self._weights.append(picker.weights(row))
                tokens = picker.draw(self._weights[-1], position, Purpose.DRAFT)
            self._tokens.append(tokens)
            self._mx.async_eval(tokens)
            answer.generation.announce()

    def _draw(self, slot: Slot, answer: Answer) -> None:
        """Token by token by the answer's whole chain."""
        assert slot.draft is not None
        tokens = slot.tokens[slot.draft.length :]
        while answer.draft.wants_more:
            row = slot.draft.feed(self._mx.array(tokens))[-1]
            token = answer.draft.draw(to_numpy(row, self._mx))
            if token is None:
                return
            tokens = [token]

    def _fail(self, failure: Exception) -> None:
        self._tokens, self._weights = [], []
        log.error(5010, "The draft model failed", failure)
        raise DraftFailed(str(failure)) from failure


def to_numpy(array: Any, mx: Any) -> Any:
    array = array.astype(mx.float32)
    mx.eval(array)
    return np.array(array, copy=False)
