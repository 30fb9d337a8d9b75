"""How many tokens to draft when the worker chooses: the length with the most expected tokens per second, 0 among the choices.

Costs and the acceptance to begin with are given, with a seed those of the load; what is learned is learned from this answer alone: with a
seed, neither time nor other requests change the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..messages import pb
from .settings import LONGEST_DRAFT

# Before anything is known of a pair: better than even, and worth so many observations. Copying from the text is watched before it is tried.
_PRIOR = 0.7
_NGRAM_PRIOR = 0.3
_PRIOR_WEIGHT = 2.0
_FORGETTING = 0.95
# A smaller gain is not worth the risk that the costs have changed a little since they were measured. A copy comes now and then and stops
# plain decoding, which otherwise runs ahead.
_LEAST_GAIN = {pb.ORIGIN_DRAFT: 1.05, pb.ORIGIN_NGRAM: 1.15}
# All looking whether a draft is worth it again takes at most this part of the time.
_EXPLORATION = 0.02


@dataclass(frozen=True)
class Costs:
    """Seconds of a main pass by width, of a draft pass of one token, and of every further token the draft must read."""

    main: tuple[tuple[int, float], ...]
    draft: float = 0.0
    draft_reading: float = 0.0

    def pass_of(self, width: int) -> float:
        """Between two measured widths on the line through them; beyond the last on the line through the last two."""
        points = self.main
        if len(points) == 1:
            return points[0][1]
        for (w1, s1), (w2, s2) in zip(points, points[1:], strict=False):
            if width <= w2 or (w2, s2) == points[-1]:
                return max(s1, s1 + (s2 - s1) * (width - w1) / (w2 - w1)) if width >= w1 else s1
        return points[-1][1]

    def gain(self, length: int, acceptance: Iterable[float], draft: float) -> float:
        """Tokens per second with this length, in those of plain decoding."""
        tokens, chance = 1.0, 1.0
        for _, accepted in zip(range(length), acceptance, strict=False):
            chance *= accepted
            tokens += chance
        return tokens * self.pass_of(1) / (self.pass_of(length + 1) + length * draft)


class Acceptance:
    """Probability that the token at a position is accepted, given that all before it were. A position of which little is known is taken
    to be a little like the one before it, so that a draft which does well gets longer."""

    def __init__(self, prior: Iterable[float], otherwise: float) -> None:
        known = [min(1.0, max(0.0, p)) for p in prior] or [otherwise]
        self._accepted = [_PRIOR_WEIGHT * p for p in known]
        self._decided = [_PRIOR_WEIGHT] * len(known)

    def observe(self, accepted: int, refused: bool) -> None:
        for position in range(accepted + refused):
            if position == len(self._accepted):
                self._accepted.append(0.0)
                self._decided.append(0.0)
            self._accepted[position] = self._accepted[position] * _FORGETTING + (position < accepted)
            self._decided[position] = self._decided[position] * _FORGETTING + 1

    def first(self, count: int) -> list[float]:
        before = self._accepted[0] / self._decided[0]
        shares: list[float] = []
        for position in range(count):
            if position < len(self._accepted):
                before = (self._accepted[position] + before) / (self._decided[position] + 1)
            shares.append(before)
        return shares


class LengthChooser:
    """Of one answer."""

    def __init__(self, costs: Costs, prior: Iterable[float], max_length: int) -> None:
        self._costs = costs
        self._max_length = min(max_length, LONGEST_DRAFT)
        self._learned = {pb.ORIGIN_DRAFT: Acceptance(prior, _PRIOR), pb.ORIGIN_NGRAM: Acceptance([], _NGRAM_PRIOR)}
        self._draft_costs = {pb.ORIGIN_DRAFT: costs.draft, pb.ORIGIN_NGRAM: 0.0}
        # Best lengths without a limit, until more is learned.
        self._best: dict[pb.Origin, int] = {}
        # Seconds of a plain step, and what looking at one drafted token costs beyond it.
        self._plain = costs.pass_of(1)
        self._look = costs.pass_of(2) - self._plain + costs.draft
        highest = max(self._gain(pb.ORIGIN_DRAFT, length, [1.0] * length) for length in range(self._max_length + 1))
        self._can_pay = highest >= _LEAST_GAIN[pb.ORIGIN_DRAFT]
        self._plain_steps = 0
        # Of the draft model; None until it was asked for.
        self.length: int | None = None

    def choose(self, origin: pb.Origin, limit: int) -> int:
        """The best length up to a limit; 0: a plain step."""
        best = self._best.get(origin)
        if best is None:
            best = self._best[origin] = self._choose(origin, self._max_length)
        if best > limit:
            best = self._choose(origin, limit)
        if origin == pb.ORIGIN_DRAFT:
            if best == 0 and limit > 0 and self._may_look():
                best = 1
            self.length = best
        return best

    def step_is_over(self, drafted: int) -> None:
        """A step was made with so many drafted tokens."""
        self._plain_steps = 0 if drafted else self._plain_steps + 1

    def observe(self, origin: pb.Origin, accepted: int, refused: bool) -> None:
        """How many tokens of a draft were accepted, and whether one was refused."""
        self._learned[origin].observe(accepted, refused)
        self._best.pop(origin, None)

    @property
    def gain(self) -> float:
        """Tokens per second expected of the last length, in those of plain decoding."""
        length = self.length or 0
        return self._gain(pb.ORIGIN_DRAFT, length, self._learned[pb.ORIGIN_DRAFT].first(length))

    @property
    def reason(self) -> str:
        """Why the draft model writes so many tokens, for people; empty until it was asked for some."""
        if self.length is None:
            return ""
        plain = self._plain
        width = max(self.length, 1) + 1
        cost = f"a pass of {width} costs {self._costs.pass_of(width) / plain:.1f} plain ones and a draft token {self._costs.draft / plain:.2f}"
        if not self._can_pay:
            return f"{cost}: no draft can pay here"
        return f"{100 * self._learned[pb.ORIGIN_DRAFT].first(1)[0]:.0f} % accepted, {cost}"

    def _choose(self, origin: pb.Origin, longest: int) -> int:
        acceptance = self._learned[origin].first(longest)
        gains = [self._gain(origin, length, acceptance) for length in range(longest + 1)]
        best = max(range(len(gains)), key=gains.__getitem__)
        return best if gains[best] >= _LEAST_GAIN[origin] else 0

    def _gain(self, origin: pb.Origin, length: int, acceptance: Iterable[float]) -> float:
        return self._costs.gain(length, acceptance, self._draft_costs[origin])

    def _may_look(self) -> bool:
        """Now and then a draft of one token, where one could pay at all and where looking costs little."""
        if not self._can_pay:
            return False
        extra = self._look + self._plain_steps * self._costs.draft_reading
        return extra <= _EXPLORATION * self._plain_steps * self._plain
