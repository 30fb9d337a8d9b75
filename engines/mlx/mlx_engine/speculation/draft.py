"""The draft of one step: its tokens and the distributions they were really drawn from.

The law of the answer stays the main model's as long as no drawn token is put aside because of what it is: the chance that a token is
proposed must be the q that the verifier divides by. Hence, where tokens are drawn and not certain: a distribution in which no token
reaches the least probability ends the draft before a token is drawn from it; a token drawn below it, or one that ends the text, is kept
and ends the draft after it; a draft once begun goes on to the least length, and every drawn token is sent. Only certain tokens
(temperature 0, n-grams) are held back for being too few. A caller may plan a shorter draft or none, never because of the tokens in it.
"""

from typing import Protocol

from ..messages import pb
from .chain import Row, SamplerChain
from .law import Law
from .random import CounterRandom, Purpose


class Decisions(Protocol):
    """Where chance comes in: random numbers in a worker, every branch in turn when a proof enumerates a step."""

    def accepts(self, position: int, probability: float) -> bool: ...

    def draw(self, position: int, purpose: Purpose, law: Law) -> int: ...


class RandomDecisions:
    """Decisions by random numbers keyed by (seed, position, purpose)."""

    def __init__(self, seed: int) -> None:
        self._random = CounterRandom(seed)

    def accepts(self, position: int, probability: float) -> bool:
        return probability >= 1 or self._random.uniform(position, Purpose.ACCEPTANCE) < probability

    def draw(self, position: int, purpose: Purpose, law: Law) -> int:
        return law.draw(0.0 if law.is_point else self._random.uniform(position, purpose))


class Draft:
    """Used again for every step of an answer."""

    def __init__(self, chain: SamplerChain, decisions: Decisions, min_probability: float = 0, min_length: int = 0) -> None:
        self._chain = chain
        self._decisions = decisions
        self._min_probability = min_probability
        self._min_length = min_length
        self._mark = 0
        self._length = 0
        self._is_certain = True
        self.tokens: list[int] = []
        self.laws: list[Law] = []
        self.origin = pb.ORIGIN_DRAFT
        self.wants_more = False

    @property
    def needs_confidence(self) -> bool:
        return self._min_probability > 0

    @property
    def sent_count(self) -> int:
        """Tokens that go through the main model: all of them, or none when they are certain and too few."""
        return 0 if self._is_certain and len(self.tokens) < self._min_length else len(self.tokens)

    def begin(self, origin: pb.Origin, length: int) -> None:
        """Starts a draft of at most so many tokens; 0, or fewer than the least length, drafts none."""
        self.tokens = []
        self.laws = []
        self._mark = self._chain.position
        self._length = length
        self._is_certain = True
        self.origin = origin
        self.wants_more = length > 0 and length >= self._min_length

    def draw(self, row: Row) -> int | None:
        """Draws the next token from a row of the draft model; None when nothing was drawn and the draft ends."""
        law = self._chain.apply(row, self.needs_confidence)
        may_stop = not self.tokens or len(self.tokens) >= self._min_length or law.is_point
        if law.is_empty or (may_stop and law.confidence < self._min_probability):
            self.wants_more = False
            return None
        token = self._decisions.draw(self._chain.position, Purpose.DRAFT, law)
        self.propose(token, law)
        if len(self.tokens) >= self._min_length and not law.is_point and law.probability(token) < self._min_probability:
            self.wants_more = False
        return token

    def propose(self, token: int, law: Law) -> None:
        """Adds a token that was drawn elsewhere from this law; one that follows from the text alone is certain."""
        if not self.wants_more:
            return
        self._is_certain = self._is_certain and law.is_point
        self.tokens.append(token)
        self.laws.append(law)
        self._chain.accept(token)
        self.wants_more = len(self.tokens) < self._length and not self._chain.is_end(token)

    def end(self) -> None:
        """Ends drafting: the chain is back at the emitted tokens."""
        self._chain.restore(self._mark)
        self.wants_more = False
