"""What passes of a model cost, measured when it is loaded: it decides whether drafting pays at all."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..messages import pb
from ..speculation.length import Costs
from .costs import PassCosts
from .drafter import to_numpy
from .model import Model
from .sequence import CachedSequence

MAIN_WIDTHS = (1, 2, 4, 8, 16)
DRAFT_WIDTHS = (1, 8)
# Measuring the passes of a model takes about so long, and not more rounds than that: the quickest of each width counts.
_SECONDS = 0.4
_ROUNDS = 6
# Tokens in the cache before, and passes that follow each other as in plain decoding.
_CONTEXT = 16
_CHAIN = 4
Points = tuple[tuple[int, float], ...]


def warm_up(model: Model) -> bool:
    """One token really produced: a model that loads and cannot compute must not be called ready."""
    import mlx.core as mx

    token = max(model.tokenizer.bos, 0)
    row = to_numpy(CachedSequence(model).feed(mx.array([token]))[-1], mx)
    return bool(np.isfinite(row[:1]).all())


def measure(model: Model, known: pb.CostCurve, widths: tuple[int, ...] = MAIN_WIDTHS) -> Points:
    """Seconds of passes by width. Where only few widths could be measured in the time, those of earlier runs serve for the wider ones."""
    passes = _passes(model)
    quickest: dict[int, float] = {}
    began = time.perf_counter()
    for _ in range(_ROUNDS):
        for width in widths:
            left = _SECONDS - (time.perf_counter() - began)
            expected = quickest.get(width, width * quickest.get(1, 0.0))
            if len(quickest) >= 2 and left < expected:
                break
            seconds = passes(width)
            quickest[width] = min(seconds, quickest.get(width, seconds))
        if time.perf_counter() - began > _SECONDS:
            break
    return _complete(quickest, known)


def costs_of(main: Points, draft: Points) -> Costs:
    """The draft's own reading cost is what its second measured width costs more, per token."""
    if not draft:
        return Costs(main)
    reading = max(0.0, draft[-1][1] - draft[0][1]) / max(1, draft[-1][0] - draft[0][0])
    return Costs(main, draft[0][1], reading)


def refined(costs: Costs, main: PassCosts, draft: PassCosts) -> Costs:
    """With what was measured while decoding. Whatever makes plain decoding quicker or slower than it was at the load, mostly the time
    between two operations, is taken to do the same to passes of which too little is known."""
    seen = main.known()
    if 1 not in seen:
        return costs
    plain = costs.pass_of(1)
    points = dict(costs.main) | seen
    shifted = [(width, seen.get(width, seconds + seen[1] - plain)) for width, seconds in sorted(points.items())]
    pace = seen[1] / plain
    drafting = draft.known().get(1, costs.draft * pace)
    return Costs(tuple((width, max(seconds, seen[1])) for width, seconds in shifted), drafting, costs.draft_reading * pace)


def _passes(model: Model) -> Callable[[int], float]:
    """Gives the seconds of a pass: of one token as plain decoding makes it, each queued on the token of the one before; else by itself."""
    import mlx.core as mx

    sequence = CachedSequence(model)
    token = max(model.tokenizer.bos, 0)
    mx.eval(sequence.feed(mx.array([token] * _CONTEXT)))

    def best(logits: Any) -> Any:
        return mx.argmax(logits[-1:], axis=-1)

    def seconds(width: int) -> float:
        began = time.perf_counter()
        if width > 1:
            mx.eval(sequence.feed(mx.array([token] * width)))
            return time.perf_counter() - began
        tokens = mx.array([token])
        for _ in range(_CHAIN):
            tokens = best(sequence.feed(tokens))
            mx.async_eval(tokens)
        tokens.item()
        return (time.perf_counter() - began) / _CHAIN

    return seconds


def _complete(measured: dict[int, float], known: pb.CostCurve) -> Points:
    """A wider pass is never taken to be quicker: that would be chance."""
    earlier = {point.batch_tokens: point.seconds for point in known.points if point.batch_tokens >= 1 and point.seconds > 0}
    widest = max(measured)
    if widest in earlier:
        pace = measured[widest] / earlier[widest]
        measured = measured | {width: seconds * pace for width, seconds in earlier.items() if width > widest}
    points: list[tuple[int, float]] = []
    for width, seconds in sorted(measured.items()):
        points.append((width, max(seconds, points[-1][1] if points else 0.0)))
    return tuple(points)
