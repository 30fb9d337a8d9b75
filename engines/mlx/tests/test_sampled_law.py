"""The law of whole answers by the worker's loop at temperature 1: with a draft it is that of plain decoding; wrong steps are found out."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import PLAIN, Driver
from test_lossless import AlwaysAccepts, ResidualIsMain

from mlx_engine.inference import answer
from mlx_engine.messages import pb
from mlx_engine.speculation.verifier import Verifier

TOKENS = 4
DRAFT2 = pb.Speculation(proposer=pb.PROPOSER_DRAFT, length=2)
# Standard deviations of a chi-square above its mean; beyond is less likely than 1 in 10,000.
BOUND = 4.5
# Answers in which a wrong step shows.
ENOUGH = 2000


class Flattened:
    """A network whose probabilities lie closer together."""

    def __init__(self, net: Any) -> None:
        self._net = net
        self.layers = net.layers

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._net(*arguments, **named) * 0.4


@pytest.fixture(scope="module")
def driver(models: Path) -> Iterator[Driver]:
    # The small model is the main one too, since every answer costs passes, but much less sure than its draft: where it knows what comes
    # next, or agrees, a wrong step does not show.
    driver = Driver(models, main="storyteller-draft-mlx")
    driver.main.net = Flattened(driver.main.net)
    driver.attach(driver.draft)
    yield driver
    driver.loop.stop()


def sample(driver: Driver, count: int, speculation: pb.Speculation, first_seed: int) -> list[tuple[int, ...]]:
    prompt = driver.prompt("Tell me a story about a fox.")
    return [
        tuple(
            driver.one(
                prompt, max_tokens=TOKENS, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, ignore_eos=True, seed=first_seed + number,
                speculation=speculation,
            ).ids
        )
        for number in range(count)
    ]  # fmt: skip


def deviation(one: list[tuple[int, ...]], other: list[tuple[int, ...]], positions: slice) -> float:
    """How far the two samples' chi-square is above its mean, in standard deviations; rare outcomes are counted as one."""
    counts = [Counter(answer[positions] for answer in answers) for answers in (one, other)]
    common = [key for key, seen in (counts[0] + counts[1]).items() if seen >= 16]
    table = np.array([[c[key] for key in common] + [sum(c.values()) - sum(c[key] for key in common)] for c in counts], dtype=float)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    freedom = table.shape[1] - 1
    return float((((table - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom)) if freedom else 0.0


def worst(one: list[tuple[int, ...]], other: list[tuple[int, ...]]) -> float:
    """Over every position by itself and the last three together."""
    places = [slice(i, i + 1) for i in range(TOKENS)] + [slice(1, TOKENS)]
    return max(deviation(one, other, place) for place in places)


@pytest.mark.parametrize("count", [250, pytest.param(20_000, marks=pytest.mark.long)])
def test_with_a_draft_the_law_is_that_of_plain_decoding_and_wrong_steps_are_found(
    driver: Driver, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = sample(driver, count, PLAIN, 1)
    found = worst(plain, sample(driver, count, DRAFT2, 1_000_000))
    print(f"{count} answers, with a draft: {found:.2f} standard deviations")
    assert found < BOUND
    for wrong in (AlwaysAccepts, ResidualIsMain):
        monkeypatch.setattr(answer, "Verifier", wrong)
        found = worst(plain, sample(driver, min(count, ENOUGH), DRAFT2, 2_000_000))
        print(f"{wrong.__name__}: {found:.2f}")
        assert found > BOUND, wrong.__name__
        monkeypatch.setattr(answer, "Verifier", Verifier)
