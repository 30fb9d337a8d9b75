"""Decides about a draft, row by row: speculative sampling of Leviathan, Kalman and Matias (2023) and Chen et al. (2023).

With p the main distribution after the whole chain and q the one the draft token d was drawn from, d is accepted with probability
min(1, p(d)/q(d)); a refusal draws from norm(max(0, p - q)); after the last token one more is drawn from p. The law of the answer is p's,
whatever q is. Plain decoding is the case of an empty draft.
"""

from dataclasses import dataclass
from enum import Enum, auto

from ..messages import pb
from .chain import Row, SamplerChain
from .draft import Decisions, Draft
from .law import Law
from .random import Purpose


class Outcome(Enum):
    """How the token of a row came about; only after ACCEPTED does the step go on."""

    ACCEPTED = auto()
    CORRECTED = auto()
    BONUS = auto()
    IMPOSSIBLE = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    outcome: Outcome
    token: int
    origin: pb.Origin


class Verifier:
    """The chain's history grows with every decided token and is never ahead of them. A caller may stop asking after any row."""

    def __init__(self, chain: SamplerChain, decisions: Decisions) -> None:
        self._chain = chain
        self._decisions = decisions
        self._draft: Draft | None = None
        self._sent = 0
        self._index = 0

    def begin(self, draft: Draft | None) -> None:
        """None: plain decoding, one row."""
        self._draft = draft
        self._sent = draft.sent_count if draft else 0
        self._index = 0

    def next(self, row: Row) -> Decision:
        """Decides the next token from the main row after the tokens decided so far."""
        main = self._chain.apply(row)
        if main.is_empty:
            return Decision(Outcome.IMPOSSIBLE, -1, pb.ORIGIN_MAIN)
        if self._draft is not None and self._index < self._sent:
            decision = self._decide(self._draft, main)
        else:
            decision = self._drawn(Outcome.BONUS, main)
        self._chain.accept(decision.token)
        return decision

    def _decide(self, draft: Draft, main: Law) -> Decision:
        token = draft.tokens[self._index]
        law = draft.laws[self._index]
        p, q = main.probability(token), law.probability(token)
        if self._decisions.accepts(self._chain.position, 1 if p >= q else p / q):
            self._index += 1
            return Decision(Outcome.ACCEPTED, token, draft.origin)
        residual = main.residual(law)
        return self._drawn(Outcome.CORRECTED, main if residual.is_empty else residual)

    def _drawn(self, outcome: Outcome, law: Law) -> Decision:
        return Decision(outcome, self._decisions.draw(self._chain.position, Purpose.MAIN, law), pb.ORIGIN_MAIN)
