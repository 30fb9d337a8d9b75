"""The worker's loop in this process, with real models."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlx_engine.inference.generation import Generation
from mlx_engine.inference.library import load as load_library
from mlx_engine.inference.loop import InferenceLoop
from mlx_engine.inference.measure import Points
from mlx_engine.inference.model import Model
from mlx_engine.inference.model import load as load_model
from mlx_engine.messages import pb

PROMPTS = (Path(__file__).parents[3] / "tests" / "Support" / "prompts.txt").read_text().split("\n")
# Wide passes as good as free: `auto` drafts wherever the draft is any good.
FLAT: Points = ((1, 1.0), (32, 1.05))
PLAIN = pb.Speculation(proposer=pb.PROPOSER_NONE)


@dataclass
class Result:
    tokens: list[pb.Token]
    finished: pb.Finished

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]

    @property
    def text(self) -> bytes:
        return b"".join(token.piece for token in self.tokens)


class Driver:
    """One loop, one main model, a draft that can be changed."""

    def __init__(self, models: Path, parallel: int = 1, context_length: int = 2048, costs: Points = FLAT, main: str = "storyteller-mlx") -> None:
        self.loop = InferenceLoop()
        self.library = self.loop.call(load_library).result()
        self.main = self.load(models / main)
        self.draft = self.load(models / "storyteller-draft-mlx")
        self.loop.call(lambda: self.loop.open(self.main, parallel, context_length, 0, None, costs)).result()

    def load(self, folder: Path) -> Model:
        reference = pb.ModelReference(path=str(folder), key=folder.name)
        return self.loop.load(load_model(self.library, reference), lambda _: None).done.result()

    def attach(self, draft: Model | None) -> None:
        self.loop.call(lambda: self.loop.replace_draft(draft, ((1, 0.01), (8, 0.02)) if draft else ())).result()

    def prompt(self, question: str) -> list[int]:
        text = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        return self.main.tokenizer.tokenize(pb.Prompt(segments=[pb.Segment(text=pb.TextSegment(text=text, parse_special=True))]))

    def ask(self, *requests: tuple[list[int], pb.GenerateRequest], meanwhile: Callable[[], None] | None = None) -> list[Result]:
        """All at once; ``meanwhile`` runs on a thread of its own when the first token is there."""
        return asyncio.run(self._ask_all(requests, meanwhile))

    def one(self, prompt: list[int], **settings: Any) -> Result:
        return self.ask((prompt, request(**settings)))[0]

    async def _ask_all(self, requests: tuple[tuple[list[int], pb.GenerateRequest], ...], meanwhile: Callable[[], None] | None) -> list[Result]:
        started = asyncio.Event()
        tasks = [asyncio.create_task(self._ask(prompt, message, started)) for prompt, message in requests]
        if meanwhile is not None:
            await started.wait()
            await asyncio.to_thread(meanwhile)
        return await asyncio.gather(*tasks)

    async def _ask(self, prompt: list[int], message: pb.GenerateRequest, started: asyncio.Event) -> Result:
        generation = Generation(message, prompt, time.perf_counter())
        self.loop.start(generation)
        tokens: list[pb.Token] = []
        finished = pb.Finished()
        async for response in generation.read():
            started.set()
            tokens.extend(response.step.tokens)
            if response.HasField("finished"):
                finished = response.finished
        check_counters(finished, tokens)
        return Result(tokens, finished)


def request(**settings: Any) -> pb.GenerateRequest:
    """At temperature 0 unless it says otherwise; names of sampling settings may stand at the top."""
    sampling: dict[str, Any] = {"temperature": 0.0} | {k: settings.pop(k) for k in list(settings) if k in pb.Sampling.DESCRIPTOR.fields_by_name}
    return pb.GenerateRequest(sampling=pb.Sampling(**sampling), **settings)


def check_counters(finished: pb.Finished, tokens: list[pb.Token]) -> None:
    counters = finished.speculation
    assert counters.drafted == counters.accepted + counters.rejected + counters.ignored
    assert counters.accepted == sum(token.origin != pb.ORIGIN_MAIN for token in tokens)
    assert finished.emitted_tokens == len(tokens)
