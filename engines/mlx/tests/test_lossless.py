"""The law of the answer is the main model's, whatever the draft is: every outcome of the step enumerated. Wrong steps fail the same test."""

from dataclasses import replace

import numpy as np
import pytest
from law_trial import Trial, total_variation

from mlx_engine.speculation.draft import Draft
from mlx_engine.speculation.law import Law
from mlx_engine.speculation.settings import SamplingSettings
from mlx_engine.speculation.verifier import Decision, Outcome, Verifier

BARE = SamplingSettings(temperature=1, top_k=0, top_p=1, min_p=0)
SETTINGS = {
    "bare": BARE,
    "hot": replace(BARE, temperature=1.7),
    "greedy": replace(BARE, temperature=0),
    "top-k": replace(BARE, top_k=2),
    "top-p": replace(BARE, top_p=0.8),
    "min-p": replace(BARE, min_p=0.2),
    "typical": replace(BARE, typical_p=0.7),
    "all cuts": SamplingSettings(temperature=0.7, top_k=3, top_p=0.9, min_p=0.05),
    "penalties": replace(BARE, repetition_penalty=1.4, frequency_penalty=0.5, presence_penalty=0.3, penalty_window=3),
    "bias and mask": replace(BARE, logit_bias=((0, 1.0), (1, float("-inf"))), min_tokens=2),
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_step_with_a_draft_model_keeps_the_law(name: str, length: int) -> None:
    trial = Trial(3, length, seed=length, settings=SETTINGS[name], ends=(2,))
    assert total_variation(trial.main_law(4), trial.step_law(4)) < 1e-12


def test_the_longest_enumerated_draft_and_the_widest_vocabulary() -> None:
    four = Trial(3, 4, seed=9, settings=BARE, looks_back=False)
    assert total_variation(four.main_law(5), four.step_law(5)) < 1e-12
    wide = Trial(8, 2, seed=9, settings=BARE, looks_back=False)
    assert total_variation(wide.main_law(3), wide.step_law(3)) < 1e-12


@pytest.mark.parametrize("ngram", [(0,), (1, 0), (2, 1, 0)])
def test_a_certain_proposal_keeps_the_law(ngram: tuple[int, ...]) -> None:
    trial = Trial(3, len(ngram), seed=4, settings=SETTINGS["penalties"], ngram=ngram)
    assert total_variation(trial.main_law(4), trial.step_law(4)) < 1e-12


@pytest.mark.parametrize("least", [0.3, 0.5, 0.9])
def test_ending_a_draft_by_its_own_probability_keeps_the_law(least: float) -> None:
    trial = Trial(3, 3, seed=5, settings=BARE, min_probability=least)
    assert total_variation(trial.main_law(4), trial.step_law(4)) < 1e-12


class AlwaysAccepts(Verifier):
    def _decide(self, draft: Draft, main: Law) -> Decision:
        token = draft.tokens[self._index]
        self._index += 1
        return Decision(Outcome.ACCEPTED, token, draft.origin)


class ResidualIsMain(Verifier):
    def _decide(self, draft: Draft, main: Law) -> Decision:
        token, law = draft.tokens[self._index], draft.laws[self._index]
        p, q = main.probability(token), law.probability(token)
        if self._decisions.accepts(self._chain.position, min(1, p / q)):
            self._index += 1
            return Decision(Outcome.ACCEPTED, token, draft.origin)
        return self._drawn(Outcome.CORRECTED, main)


def forget_true_law(draft: Draft) -> None:
    """The draft says it drew evenly, which it did not."""
    draft.laws = [Law(None, np.ones(law.weights.size)) for law in draft.laws]


@pytest.mark.parametrize(
    "wrong",
    [
        Trial(3, 2, seed=2, settings=BARE, make_verifier=AlwaysAccepts),
        Trial(3, 2, seed=2, settings=BARE, make_verifier=ResidualIsMain),
        Trial(3, 2, seed=2, settings=BARE, spoil_draft=forget_true_law),
    ],
    ids=["always accepts", "refusal draws from the whole law", "q is not the true one"],
)
def test_a_wrong_step_fails_the_same_comparison(wrong: Trial) -> None:
    assert total_variation(wrong.main_law(3), wrong.step_law(3)) > 1e-3
