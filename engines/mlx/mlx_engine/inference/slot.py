"""A place for one sequence: its tokens, what of them the main model and the draft have seen, and the answer being written."""

from typing import Any

from ..speculation.ngram import NgramIndex
from .answer import Answer
from .model import Model
from .sequence import CachedSequence


class Slot:
    """``tokens`` holds prompt and answer. While an answer is decoded, the main model has seen all but the last token; or all of them, and
    then ``ahead`` is the token after them, already being computed."""

    def __init__(self, number: int, main: Model) -> None:
        self.number = number
        self.tokens: list[int] = []
        self.main = CachedSequence(main)
        self.draft: CachedSequence | None = None
        # It came while an answer was being written: it reads the text in slices, between plain steps.
        self.draft_is_new = False
        self.answer: Answer | None = None
        self.ahead: Any = None
        self.ngrams = NgramIndex()

    @property
    def is_runnable(self) -> bool:
        return self.answer is not None and not self.answer.is_paused

    def common_prefix(self, prompt: list[int]) -> int:
        """How many tokens of a prompt need no processing; at least its last token does, because its logits are needed."""
        limit = min(self.main.length, len(prompt) - 1, len(self.tokens))
        common = next((i for i in range(limit) if self.tokens[i] != prompt[i]), limit)
        if common < self.main.length and not self.main.can_trim:
            return 0
        return common

    def begin(self, prompt: list[int], reuse: bool) -> int:
        """Makes the slot hold a prompt, keeping what the caches share with it. Returns the tokens that need no processing."""
        self.ahead = None
        self.draft_is_new = False
        self.main.keep(self.common_prefix(prompt) if reuse else 0)
        if self.draft is not None:
            self.draft.keep(min(self.draft.length, self.main.length))
        self.tokens = list(prompt)
        self.ngrams = NgramIndex()
        return self.main.length

    def use_draft(self, model: Model | None) -> None:
        """Another draft has seen nothing yet."""
        self.draft = None if model is None else CachedSequence(model)
        self.draft_is_new = self.answer is not None

    def clear(self) -> None:
        """Forgets everything that is cached."""
        self.ahead = None
        self.tokens = []
        self.main.keep(0)
        if self.draft is not None:
            self.draft.keep(0)
