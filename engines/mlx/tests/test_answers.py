"""Whole answers by the worker's loop with the embedded models."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import PLAIN, PROMPTS, Driver, Result, request
from near_tie import NearTie

from mlx_engine.messages import pb

LONG = "Tell me a story about a fox."
DRAFT4 = pb.Speculation(proposer=pb.PROPOSER_DRAFT, length=4)


@pytest.fixture(scope="module")
def driver(models: Path) -> Iterator[Driver]:
    driver = Driver(models, parallel=4)
    yield driver
    driver.loop.stop()


@pytest.fixture(autouse=True)
def with_draft(driver: Driver) -> None:
    if driver.loop.draft is not driver.draft:
        driver.attach(driver.draft)


@pytest.fixture(scope="module")
def plain_answers(driver: Driver) -> list[Result]:
    return [driver.one(driver.prompt(question), max_tokens=40, speculation=PLAIN) for question in PROMPTS[:50]]


@pytest.mark.parametrize(
    ("speculation", "questions"),
    [
        (DRAFT4, 50),
        (pb.Speculation(proposer=pb.PROPOSER_COMBINED), 50),
        (pb.Speculation(proposer=pb.PROPOSER_NGRAM), 50),
        (pb.Speculation(proposer=pb.PROPOSER_DRAFT, length=8, min_probability=0.5, min_length=2), 20),
    ],
    ids=["draft of four", "combined, length chosen", "n-gram", "confident drafts"],
)
def test_at_temperature_0_speculation_changes_no_text(
    driver: Driver, plain_answers: list[Result], speculation: pb.Speculation, questions: int
) -> None:
    ties = NearTie(driver)
    excused, tokens, drafted = 0, 0, 0
    for question, plain in zip(PROMPTS[:questions], plain_answers, strict=False):
        prompt = driver.prompt(question)
        fast = driver.one(prompt, max_tokens=40, speculation=speculation)
        different = ties.first_unexcused(prompt, plain.ids, fast.ids)
        assert different is None, f"{question}: token {different}"
        excused += plain.ids != fast.ids
        tokens += len(plain.ids)
        drafted += fast.finished.speculation.accepted
    assert tokens > 500 and drafted > 0
    assert excused <= max(1, tokens // 1000)


def test_the_same_seed_gives_the_same_text_whatever_is_cached_or_runs_beside_it(driver: Driver) -> None:
    prompt = driver.prompt(LONG)
    settings: dict[str, Any] = {"max_tokens": 40, "temperature": 0.8, "seed": 11, "speculation": DRAFT4}
    alone = driver.one(prompt, **settings, cache_prompt=False)
    cached = driver.one(prompt, **settings)
    others = [(driver.prompt(question), request(max_tokens=30, temperature=1.0)) for question in PROMPTS[:3]]
    beside = driver.ask((prompt, request(**settings)), *others)[0]
    assert alone.ids == cached.ids == beside.ids
    assert driver.one(prompt, **(settings | {"seed": 12})).ids != alone.ids


def test_a_prompt_that_begins_like_a_former_one_is_not_processed_again(driver: Driver) -> None:
    prompt = driver.prompt("Say something about the sea and the wind.")
    first = driver.one(prompt, max_tokens=10)
    again = driver.one(prompt, max_tokens=10)
    longer = driver.one([*prompt, *first.ids, *driver.prompt("And then?")], max_tokens=10)
    assert again.finished.cached_tokens == len(prompt) - 1 and again.ids == first.ids
    assert longer.finished.cached_tokens >= len(prompt) + len(first.ids) - 1
    assert driver.one(prompt, max_tokens=10, cache_prompt=False).finished.cached_tokens == 0


@pytest.mark.parametrize("speculation", [PLAIN, DRAFT4], ids=["plain", "draft"])
def test_log_probabilities_are_the_model_s_own_before_the_chain(driver: Driver, speculation: pb.Speculation) -> None:
    prompt = driver.prompt(LONG)
    banned = driver.one(prompt, max_tokens=1).ids[0]
    ban = [pb.LogitBias(token=banned, bias=float("-inf"))]
    result = driver.one(prompt, max_tokens=30, top_logprobs=3, logit_bias=ban, speculation=speculation)
    expected = driver.loop.call(lambda: _logprobs(driver, [*prompt, *result.ids])).result()[len(prompt) - 1 :]
    assert banned not in result.ids and len(result.tokens) == 30
    for token, row in zip(result.tokens, expected, strict=False):
        assert abs(token.logprob - row[token.id]) < 1e-3
        assert [best.logprob for best in token.top_logprobs] == pytest.approx(np.sort(row)[::-1][:3], abs=1e-3)
        assert all(best.piece == driver.main.tokenizer.piece(best.id, special=True) for best in token.top_logprobs)
    assert result.tokens[0].top_logprobs[0].id == banned
    bare = driver.one(prompt, max_tokens=2, top_logprobs=0).tokens[0]
    assert bare.HasField("logprob") and not bare.top_logprobs
    assert not driver.one(prompt, max_tokens=2).tokens[0].HasField("logprob")


def _logprobs(driver: Driver, tokens: list[int]) -> Any:
    import mlx.core as mx

    logits = driver.main.net(mx.array([tokens]))[0]
    return np.array(logits - mx.logsumexp(logits, axis=-1, keepdims=True))


def test_stop_strings_limits_and_ends_inside_a_draft_keep_the_counters(driver: Driver) -> None:
    prompt = driver.prompt(LONG)
    whole = driver.one(prompt, max_tokens=100, speculation=DRAFT4)
    text = whole.text.decode()
    for end in range(20, 60):
        stop = text[end : end + 3]
        cut = driver.one(prompt, max_tokens=100, speculation=DRAFT4, stop=[stop])
        assert cut.text.decode() == text[: text.find(stop)]
        assert (cut.finished.reason, cut.finished.stop_string) == (pb.FINISH_REASON_STOP_STRING, stop)
    for limit in range(1, 12):
        short = driver.one(prompt, max_tokens=limit, speculation=DRAFT4)
        assert short.ids == whole.ids[:limit] and short.finished.reason == pb.FINISH_REASON_MAX_TOKENS
    ended = driver.one(prompt, speculation=DRAFT4)
    assert ended.finished.reason == pb.FINISH_REASON_EOS and driver.main.tokenizer.eos not in ended.ids


def test_several_requests_are_served_in_turns_and_none_changes_another(driver: Driver) -> None:
    asked = [(driver.prompt(question), request(max_tokens=25, speculation=DRAFT4)) for question in PROMPTS[:10]]
    together = driver.ask(*asked)
    for (prompt, message), result in zip(asked, together, strict=True):
        assert driver.ask((prompt, message))[0].ids == result.ids


def test_the_draft_reads_what_was_copied_and_goes_on(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlx_engine.inference.stepper._CHUNK_SECONDS", 10.0)
    prompt = driver.prompt("Say: one two three four five six seven eight nine ten, again and again. " * 4)
    settings: dict[str, Any] = {"max_tokens": 200, "ignore_eos": True}
    plain = driver.one(prompt, **settings, speculation=PLAIN)
    for length in (12, 16):
        both = driver.one(prompt, **settings, speculation=pb.Speculation(proposer=pb.PROPOSER_COMBINED, length=length))
        origins = [token.origin for token in both.tokens]
        last_copied = len(origins) - 1 - origins[::-1].index(pb.ORIGIN_NGRAM)
        assert pb.ORIGIN_DRAFT in origins[:last_copied] and driver.loop.draft is driver.draft
        assert both.finished.speculation_note == ""
        assert NearTie(driver).first_unexcused(prompt, plain.ids, both.ids) is None


def test_drafts_changed_during_an_answer_never_stop_it(driver: Driver) -> None:
    prompt = driver.prompt("Count from 1 to 200.")
    settings: dict[str, Any] = {"max_tokens": 400, "ignore_eos": True}
    plain = driver.one(prompt, **settings, speculation=PLAIN)
    changes = 0

    def change() -> None:
        nonlocal changes
        for number in range(100):
            driver.attach(driver.draft if number % 3 else None)
            changes += 1

    asked = [(prompt, request(**settings, speculation=DRAFT4)) for _ in range(2)]
    for result in driver.ask(*asked, meanwhile=change):
        assert result.finished.reason == pb.FINISH_REASON_MAX_TOKENS
        assert NearTie(driver).first_unexcused(prompt, plain.ids, result.ids) is None
    assert changes == 100


def test_a_draft_that_was_removed_is_said_so(driver: Driver) -> None:
    prompt = driver.prompt(LONG)
    settings = request(max_tokens=80, ignore_eos=True, speculation=DRAFT4)
    result = driver.ask((prompt, settings), meanwhile=lambda: driver.attach(None))[0]
    assert "removed" in result.finished.speculation_note
    assert driver.one(prompt, max_tokens=5, speculation=DRAFT4).finished.speculation_note == "No draft model is attached."


def test_a_request_for_another_revision_of_the_draft_is_served_plain(driver: Driver) -> None:
    other = pb.Speculation(proposer=pb.PROPOSER_DRAFT, length=4, draft_revision=driver.loop.revision + 5)
    result = driver.one(driver.prompt(LONG), max_tokens=10, speculation=other)
    assert "changed" in result.finished.speculation_note and result.finished.speculation.drafted == 0


def test_a_cancelled_prompt_ends_soon(driver: Driver) -> None:
    import asyncio

    from mlx_engine.inference.generation import Generation

    async def run() -> float:
        generation = Generation(request(), driver.prompt(LONG) * 60, time.perf_counter())
        driver.loop.start(generation)
        await asyncio.sleep(0.3)
        asked = time.perf_counter()
        generation.is_cancelled = True
        driver.loop.wake()
        last = [response async for response in generation.read()][-1]
        assert last.finished.reason == pb.FINISH_REASON_CANCELLED and last.finished.emitted_tokens == 0
        return time.perf_counter() - asked

    seconds = asyncio.run(run())
    print(f"cancelled in prompt processing after {1000 * seconds:.0f} ms (goal 100)")
    assert seconds < 1


def test_a_full_context_ends_the_answer_also_inside_a_draft(models: Path) -> None:
    small = Driver(models, context_length=64)
    small.attach(small.draft)
    prompt = small.prompt(LONG)
    for speculation in (PLAIN, DRAFT4):
        result = small.one(prompt, ignore_eos=True, speculation=speculation)
        assert result.finished.reason == pb.FINISH_REASON_CONTEXT_FULL
        assert len(prompt) + len(result.ids) == 64
    small.loop.stop()


def test_a_sliding_window_is_never_taken_back_beyond_what_it_holds(models: Path) -> None:
    windowed = Driver(models)
    make = windowed.main.new_cache

    def rotating() -> list[Any]:
        from mlx_lm.models.cache import RotatingKVCache

        return [RotatingKVCache(max_size=48, keep=4) for _ in make()]

    windowed.main.new_cache = rotating
    windowed.loop.call(lambda: windowed.loop.open(windowed.main, 1, 2048, 0, None, ((1, 1.0), (8, 1.1)))).result()
    windowed.attach(windowed.draft)
    prompt = windowed.prompt(LONG)
    plain = windowed.one(prompt, max_tokens=100, ignore_eos=True, speculation=PLAIN, cache_prompt=False)
    fast = windowed.one(prompt, max_tokens=100, ignore_eos=True, speculation=DRAFT4, cache_prompt=False)
    assert fast.ids == plain.ids
    assert fast.finished.speculation.accepted > 5 and "sliding window" in fast.finished.speculation_note
    windowed.loop.stop()


def test_a_cache_that_cannot_be_taken_back_is_never_drafted_for(models: Path) -> None:
    from mlx_engine.inference.sequence import CachedSequence

    recurrent = Driver(models)
    recurrent.attach(recurrent.draft)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CachedSequence, "can_trim", property(lambda _: False))
        prompt = recurrent.prompt(LONG)
        result = recurrent.one(prompt, max_tokens=20, speculation=DRAFT4)
        assert result.finished.speculation.drafted == 0 and "cannot take back" in result.finished.speculation_note
        # What is cached serves a prompt that goes on after all of it, and no other.
        assert recurrent.one(prompt, max_tokens=5).finished.cached_tokens == 0
        longer = [*prompt, *result.ids, *recurrent.prompt("And then?")]
        recurrent.one(prompt, max_tokens=20, speculation=PLAIN)
        assert recurrent.one(longer, max_tokens=5).finished.cached_tokens >= len(prompt) + 19
    recurrent.loop.stop()


def test_a_draft_whose_passes_fail_is_removed_and_the_answer_goes_on(driver: Driver) -> None:
    prompt = driver.prompt(LONG)
    plain = driver.one(prompt, max_tokens=40, speculation=PLAIN)
    broken = driver.load(driver.draft.folder.path)

    class Failing:
        layers = broken.net.layers

        def __call__(self, *_: object, **__: object) -> None:
            raise RuntimeError("no memory for the draft")

    broken.net = Failing()
    driver.attach(broken)
    result = driver.one(prompt, max_tokens=40, speculation=DRAFT4)
    assert result.ids == plain.ids and driver.loop.draft is None
