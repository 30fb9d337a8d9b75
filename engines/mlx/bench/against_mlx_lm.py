#!/usr/bin/env python3
"""The worker's loop against mlx-lm's own loops: same models, same prompts, same process, turn by turn. Figures are ratios of one run.

Run by the Python of an MLX runtime: against_mlx_lm.py [QUESTIONS] [TOKENS] [MODEL_FOLDER DRAFT_FOLDER]
Everything runs on the worker's owner thread's rules: mlx-lm's generators are driven on that thread, too.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from driver import PLAIN, PROMPTS, Driver  # noqa: E402

from mlx_engine.messages import pb  # noqa: E402

LENGTH = 3


def main() -> None:
    questions = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    tokens = int(sys.argv[2]) if len(sys.argv) > 2 else 120
    driver = Driver(ROOT.parents[1] / "host" / "models" / "tandem", costs=())
    if len(sys.argv) > 4:
        driver.main, driver.draft = driver.load(Path(sys.argv[3])), driver.load(Path(sys.argv[4]))
    measured = driver.loop.call(lambda: _measure(driver)).result()
    driver.loop.call(lambda: driver.loop.open(driver.main, 1, 2048, 0, None, measured[0])).result()
    driver.loop.call(lambda: driver.loop.replace_draft(driver.draft, measured[1])).result()
    print("cost of a pass by width:", " ".join(f"{w}: {1000 * s:.1f} ms" for w, s in measured[0]), f"draft: {1000 * measured[1][0][1]:.1f} ms")
    for temperature in (0.0, 0.8):
        compare(driver, questions, tokens, temperature)


def compare(driver: Driver, questions: int, limit: int, temperature: float) -> None:
    fixed = pb.Speculation(proposer=pb.PROPOSER_DRAFT, length=LENGTH)
    ways: dict[str, Callable[[list[int]], tuple[float, float, float, str]]] = {
        "mlx-lm plain": lambda prompt: driver.loop.call(lambda: theirs(driver, prompt, limit, temperature, False)).result(),
        "ours plain": lambda prompt: ours(driver, prompt, limit, temperature, PLAIN),
        f"mlx-lm draft of {LENGTH}": lambda prompt: driver.loop.call(lambda: theirs(driver, prompt, limit, temperature, True)).result(),
        f"ours draft of {LENGTH}": lambda prompt: ours(driver, prompt, limit, temperature, fixed),
        "ours auto": lambda prompt: ours(driver, prompt, limit, temperature, pb.Speculation()),
    }
    sums: dict[str, list[float]] = {name: [0.0, 0.0, 0.0] for name in ways}
    paces: dict[str, list[float]] = {name: [] for name in ways}
    note = ""
    for number in range(-1, questions):  # The first round warms up.
        prompt = driver.prompt(PROMPTS[max(number, 0) % 50])
        # In another order every time: who comes first is not always the same one.
        order = list(ways.items())
        for name, way in order[number % len(order) :] + order[: number % len(order)]:
            tokens, seconds, passes, said = way(prompt)
            note = said or note
            if number >= 0:
                paces[name].append(tokens / seconds)
                for place, value in enumerate((tokens, seconds, passes)):
                    sums[name][place] += value
    print(f"temperature {temperature}, {questions} questions, {limit} tokens at most; ratios are medians of those of every question")
    for name, (tokens, seconds, passes) in sums.items():
        per_pass = f", {tokens / passes:.2f} tokens per pass" if passes else ""
        ratios = ", ".join(f"{_ratio(paces[name], paces[base]):.3f} of {base}" for base in paces if base.startswith("mlx-lm") and base != name)
        print(f"  {name:20} {tokens / seconds:7.1f} tok/s = {ratios}{per_pass}")
    if note:
        print(f"  {note}")


def _ratio(paces: list[float], others: list[float]) -> float:
    return statistics.median(pace / other for pace, other in zip(paces, others, strict=True))


class Counted:
    """A network that counts its passes."""

    def __init__(self, net: Any) -> None:
        self._net = net
        self.layers = net.layers
        self.passes = 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.passes += 1
        return self._net(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._net, name)


def ours(driver: Driver, prompt: list[int], limit: int, temperature: float, speculation: pb.Speculation) -> tuple[float, float, float, str]:
    """Tokens after the first, the time for them, and passes of the main model for them."""
    # A length of its own choice follows the costs measured while decoding; with a seed those of the load, as they may be.
    seed = {} if speculation == pb.Speculation() else {"seed": len(prompt)}
    result = driver.one(
        prompt, max_tokens=limit, temperature=temperature, top_k=0, top_p=1.0, min_p=0.0, speculation=speculation, cache_prompt=False, **seed
    )
    finished = result.finished
    drafts = finished.speculation.draft_passes
    passes = finished.speculation.main_passes - 1 if drafts else 0
    # Plain decoding computes the end of the text, too.
    beyond = 0 if drafts or finished.reason != pb.FINISH_REASON_EOS else 1
    return finished.emitted_tokens - 1 + beyond, finished.generation_seconds, passes, finished.speculation_note


def theirs(driver: Driver, prompt: list[int], limit: int, temperature: float, with_draft: bool) -> tuple[float, float, float, str]:
    """The same of mlx-lm's generators, after the first step: when it hands out the first plain token, the next one is computed already,
    and the first step with a draft has several tokens. Counted is what is computed in the time that is taken."""
    import mlx.core as mx

    # For a type in a signature; a runtime does not have it.
    sys.modules.setdefault("transformers", ModuleType("transformers")).__dict__.setdefault("PreTrainedTokenizer", object)
    from mlx_lm.generate import generate_step, speculative_generate_step
    from mlx_lm.sample_utils import make_sampler

    mx.random.seed(len(prompt))
    counted = Counted(driver.main.net)
    net = cast(Any, counted)
    settings: dict[str, Any] = {"max_tokens": limit, "sampler": make_sampler(temp=temperature)}
    tokens = mx.array(prompt)
    if with_draft:
        steps: Any = speculative_generate_step(tokens, net, driver.draft.net, num_draft_tokens=LENGTH, **settings)
    else:
        steps = generate_step(tokens, net, **settings)
    count, before, began, ended = 0, 0, 0.0, 0.0
    for step in steps:
        token = int(step[0])
        ended = time.perf_counter()
        if token in driver.main.tokenizer.end_of_generation:
            break
        # What a caller does with every token: the id, and its text.
        driver.main.tokenizer.piece(token)
        count += 1
        if not began and not (with_draft and step[2]):
            began, before, count = ended, counted.passes, 0
    steps.close()
    passes = counted.passes - before
    return (count, ended - began, passes, "") if with_draft else (passes, ended - began, 0, "")


def _measure(driver: Driver) -> tuple[Any, Any]:
    from mlx_engine.inference.measure import DRAFT_WIDTHS, measure

    return measure(driver.main, pb.CostCurve()), measure(driver.draft, pb.CostCurve(), DRAFT_WIDTHS)


if __name__ == "__main__":
    main()
