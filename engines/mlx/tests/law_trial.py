"""A toy main model and a toy draft with arbitrary tables, the worker's own step over them, and the laws of what it emits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from mlx_engine.messages import pb
from mlx_engine.speculation.chain import SamplerChain
from mlx_engine.speculation.draft import Draft
from mlx_engine.speculation.law import Law
from mlx_engine.speculation.random import Purpose
from mlx_engine.speculation.settings import SamplingSettings
from mlx_engine.speculation.verifier import Outcome, Verifier

Tokens = tuple[int, ...]
Laws = dict[Tokens, float]


class EnumeratedDecisions:
    """Every branch of a step in turn, with its probability."""

    def __init__(self) -> None:
        self.probability = 1.0
        self._path: list[tuple[list[tuple[int, float]], int]] = []
        self._depth = 0

    def leaves(self) -> Iterator[None]:
        while True:
            self._depth = 0
            self.probability = 1.0
            yield
            while self._path and self._path[-1][1] + 1 == len(self._path[-1][0]):
                self._path.pop()
            if not self._path:
                return
            options, index = self._path[-1]
            self._path[-1] = (options, index + 1)

    def accepts(self, position: int, probability: float) -> bool:
        assert 0 <= probability <= 1
        return self._choose([(1, probability), (0, 1 - probability)]) == 1

    def draw(self, position: int, purpose: Purpose, law: Law) -> int:
        tokens = range(law.weights.size) if law.tokens is None else law.tokens.tolist()
        return self._choose([(token, law.probability(token)) for token in tokens])

    def _choose(self, options: list[tuple[int, float]]) -> int:
        if self._depth == len(self._path):
            self._path.append(([option for option in options if option[1] > 0], 0))
        known, index = self._path[self._depth]
        self._depth += 1
        self.probability *= known[index][1]
        return known[index][0]


@dataclass
class Trial:
    """``spoil`` may replace the verifier or the draft's laws: the negative controls."""

    vocabulary: int
    length: int
    seed: int
    settings: SamplingSettings = field(default_factory=SamplingSettings)
    min_probability: float = 0.0
    ngram: Tokens = ()
    ends: Tokens = ()
    make_verifier: Callable[[SamplerChain, EnumeratedDecisions], Verifier] = Verifier
    spoil_draft: Callable[[Draft], None] = lambda _: None
    prompt: Tokens = (0, 1)
    # Whether the settings look further back than the rows do; where not, what a step may emit is enumerated once for each last two tokens.
    looks_back: bool = True
    _rows: dict[Tokens, np.ndarray] = field(default_factory=dict)
    _outcomes: dict[Tokens, Laws] = field(default_factory=dict)

    def row(self, model: int, text: Tokens) -> np.ndarray:
        """Logits that depend on the last two tokens."""
        key = (model, *text[-2:])
        if key not in self._rows:
            self._rows[key] = (np.random.default_rng([self.seed, *key]).normal(size=self.vocabulary) * 2).astype(np.float32)
        return self._rows[key].copy()

    def chain(self, answer: Tokens) -> SamplerChain:
        chain = SamplerChain(self.settings, self.vocabulary, self.ends)
        chain.accept_prompt(self.prompt)
        for token in answer:
            chain.accept(token)
        return chain

    def main_law(self, count: int) -> Laws:
        """The main model's own law of the first tokens."""
        laws: Laws = {}

        def extend(answer: Tokens, probability: float) -> None:
            if len(answer) == count or (answer and answer[-1] in self.ends):
                laws[answer] = laws.get(answer, 0) + probability
                return
            law = self.chain(answer).apply(self.row(0, self.prompt + answer))
            tokens = range(law.weights.size) if law.tokens is None else law.tokens.tolist()
            for token in tokens:
                if law.probability(token) > 0:
                    extend((*answer, token), probability * law.probability(token))

        extend((), 1.0)
        return laws

    def step_law(self, count: int) -> Laws:
        """The law of speculative steps: every outcome of every step, composed."""
        laws: Laws = {}

        def extend(answer: Tokens, probability: float) -> None:
            if len(answer) >= count or (answer and answer[-1] in self.ends):
                laws[answer[:count]] = laws.get(answer[:count], 0) + probability
                return
            for emitted, chance in self.outcomes(answer).items():
                extend(answer + emitted, probability * chance)

        extend((), 1.0)
        return laws

    def outcomes(self, answer: Tokens) -> Laws:
        """What one step after the answer emits, with the probability of each."""
        key = answer if self.looks_back else (self.prompt + answer)[-2:]
        if key not in self._outcomes:
            decisions = EnumeratedDecisions()
            laws = self._outcomes[key] = {}
            for _ in decisions.leaves():
                emitted = self.step(answer, decisions)
                laws[emitted] = laws.get(emitted, 0) + decisions.probability
        return self._outcomes[key]

    def step(self, answer: Tokens, decisions: EnumeratedDecisions) -> Tokens:
        chain = self.chain(answer)
        draft = Draft(chain, decisions, self.min_probability)
        if self.ngram:
            draft.begin(pb.ORIGIN_NGRAM, self.length)
            for token in self.ngram:
                draft.propose(token, Law.point(token))
        else:
            draft.begin(pb.ORIGIN_DRAFT, self.length)
            while draft.wants_more and draft.draw(self.row(1, self.prompt + answer + tuple(draft.tokens))) is not None:
                pass
        draft.end()
        self.spoil_draft(draft)
        verifier = self.make_verifier(chain, decisions)
        verifier.begin(draft)
        emitted: Tokens = ()
        while True:
            decision = verifier.next(self.row(0, self.prompt + answer + emitted))
            emitted = (*emitted, decision.token)
            if decision.outcome is not Outcome.ACCEPTED or decision.token in self.ends:
                return emitted


def total_variation(one: Laws, other: Laws) -> float:
    """The most by which the two laws can disagree about any event."""
    return 0.5 * sum(abs(one.get(key, 0) - other.get(key, 0)) for key in {*one, *other})


