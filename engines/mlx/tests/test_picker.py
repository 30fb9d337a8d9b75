"""The device's choice has the law of the host's chain."""

from typing import Any

import numpy as np
import pytest

from mlx_engine.inference.picker import Picker
from mlx_engine.speculation.chain import SamplerChain
from mlx_engine.speculation.law import Law
from mlx_engine.speculation.random import Purpose
from mlx_engine.speculation.settings import SamplingSettings

SIZE = 50


def bare(**further: Any) -> dict[str, Any]:
    """Settings that leave every token in, but for these."""
    return {"top_k": 0, "top_p": 1.0, "min_p": 0.0, **further}


def rows(count: int) -> Any:
    """With two columns of padding that no token has."""
    logits = np.random.default_rng(5).normal(size=(count, SIZE + 2)) * 3
    logits[:, SIZE:] = 1000
    return logits.astype(np.float32)


@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(),
        SamplingSettings(temperature=1.0, **bare()),
        SamplingSettings(temperature=0.3, **bare(top_k=7)),
        SamplingSettings(temperature=1.7, **bare(top_k=30, top_p=0.6)),
        SamplingSettings(temperature=1.0, **bare(min_p=0.2)),
        SamplingSettings(temperature=1.0, **bare(top_k=5, top_p=0.0, min_p=0.01)),
        SamplingSettings(temperature=1e-30, **bare()),
    ],
)
def test_weights_are_those_of_the_chain(settings: SamplingSettings) -> None:
    import mlx.core as mx

    logits = rows(20)
    weights = np.array(Picker(settings, SIZE, 1).weights(mx.array(logits)))
    for row, mine in zip(logits, weights, strict=True):
        law, exact = Law.dense(mine), SamplerChain(settings, SIZE, ()).apply(row)
        assert mine.shape == (SIZE,)
        for token in range(SIZE):
            assert abs(law.probability(token) - exact.probability(token)) < 1e-5


def test_a_token_is_the_one_that_the_host_would_draw_by_the_same_number() -> None:
    import mlx.core as mx

    settings = SamplingSettings(temperature=1.2)
    picker, chain = Picker(settings, SIZE, 77), SamplerChain(settings, SIZE, ())
    weights = picker.weights(mx.array(rows(1)))
    law = Law.dense(np.array(weights)[0])
    drawn = [int(picker.draw(weights, position, Purpose.MAIN).item()) for position in range(200)]
    assert drawn == [law.draw(uniform(77, position)) for position in range(200)]
    assert len(set(drawn)) > 3 and not chain.edits


def uniform(seed: int, position: int) -> float:
    from mlx_engine.speculation.random import CounterRandom

    return CounterRandom(seed).uniform(position, Purpose.MAIN)


def test_at_temperature_0_the_best_token_is_chosen_and_padding_never_is() -> None:
    import mlx.core as mx

    logits = rows(10)
    best = Picker(SamplingSettings(temperature=0.0), SIZE, 1).best(mx.array(logits))
    assert best.tolist() == logits[:, :SIZE].argmax(axis=-1).tolist()


def test_rows_without_a_possible_token_give_none() -> None:
    import mlx.core as mx

    picker = Picker(SamplingSettings(temperature=1.0, **bare()), SIZE, 1)
    for value in (np.nan, -np.inf):
        assert picker.pick(mx.full((1, SIZE), value), 0).item() == -1


def test_what_a_device_cannot_do_alone_is_left_to_the_chain() -> None:
    assert Picker.can(SamplingSettings()) and Picker.can(SamplingSettings(temperature=0.0, typical_p=0.5))
    assert not Picker.can(SamplingSettings(typical_p=0.5)) and not Picker.can(SamplingSettings(top_k=1))
    assert not Picker.can(SamplingSettings(top_k=0, top_p=0.9))
