"""The one thread that owns MLX: it imports it, loads models, and runs every pass. A turn: take messages, advance what is being loaded by a
slice, admit waiting requests into free slots, give each running slot one step. Everybody else posts messages or reads figures."""

import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, TypeVar

from .. import log
from ..messages import pb
from ..refusal import Refused, internal, unavailable
from ..speculation.length import Costs
from ..speculation.tally import SpeculationTally
from .answer import Answer, Setup
from .costs import PassCosts
from .drafter import DraftFailed
from .generation import Generation
from .loading import Loading
from .measure import Points, costs_of, refined
from .model import Model
from .slot import Slot
from .stepper import Stepper

T = TypeVar("T")
_IDLE_BEAT = 1.0
_READER_PATIENCE = 60.0
_LOOP_FAILED = 70


class InferenceLoop:
    """Starts its thread at once; serves requests after ``open``."""

    def __init__(self) -> None:
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._waiting: deque[Generation] = deque()
        self._loadings: deque[Loading[Any]] = deque()
        self._drains: list[Future[int]] = []
        self._finished_tally = SpeculationTally()
        self._finished_while_draining = 0
        self._model: Model | None = None
        self._seed: int | None = None
        self._draft: Model | None = None
        self._main_costs: Points = ()
        self._costs = Costs(((1, 1.0),))
        self._prior: tuple[float, ...] = ()
        self.slots: list[Slot] = []
        self.stepper: Stepper | None = None
        self.revision = 0
        self.heartbeats = 0
        self.requests_finished = 0
        self.tokens_emitted = 0
        self.prompt_cached = 0
        self.has_paused = False
        self._stopping = False
        threading.Thread(target=self._run, name="inference", daemon=True).start()

    @property
    def draft(self) -> Model | None:
        return self._draft

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def call(self, work: Callable[[], T]) -> Future[T]:
        """Runs work on the owner thread, between two steps."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as failure:
                done.set_exception(failure)

        self._inbox.put(run)
        return done

    def start(self, generation: Generation) -> None:
        self._inbox.put(lambda: self._waiting.append(generation))

    def load(self, work: Generator[float, None, T], on_progress: Callable[[float], None]) -> Loading[T]:
        loading = Loading(work, on_progress)
        self._inbox.put(lambda: self._loadings.append(loading))
        return loading

    def open(self, model: Model, slots: int, context_length: int, largest_chunk: int, seed: int | None, costs: Points) -> None:
        """On the owner thread: requests can be served from now on."""
        self._main_costs = costs
        self._costs = costs_of(costs, ())
        self.slots = [Slot(number, model) for number in range(slots)]
        self.stepper = Stepper(context_length, largest_chunk, model.has_metal)
        self._seed = seed
        self._model = model

    def replace_draft(self, draft: Model | None, costs: Points = (), prior: tuple[float, ...] = ()) -> int:
        """On the owner thread. Running answers go on plain until the new one has caught up with their text."""
        self._draft = draft
        self._costs = costs_of(self._main_costs, costs)
        self._prior = prior
        self.revision += 1
        if self.stepper is not None:
            self.stepper.draft_costs = PassCosts()
        for slot in self.slots:
            slot.use_draft(draft)
            if slot.answer is not None and draft is None:
                slot.answer.stop_using_draft("The draft model was removed while the answer was written.")
        _free_memory()
        return self.revision

    def drain(self) -> Future[int]:
        done: Future[int] = Future()

        def begin() -> None:
            self._drains.append(done)
            self._complete_drains()

        self._inbox.put(begin)
        return done

    def wake(self) -> None:
        self._inbox.put(None)

    def stop(self) -> None:
        self._stopping = True
        self.wake()

    def tally(self) -> SpeculationTally:
        """Of all answers since the load."""
        tally = SpeculationTally()
        tally.add(self._finished_tally)
        for slot in self.slots:
            if slot.answer is not None:
                tally.add(slot.answer.tally)
        return tally

    def acceptance(self) -> pb.AcceptancePrior:
        """What is known of the pair by now: how often the draft's token at a position was accepted."""
        decided, accepted = self.tally().decided_and_accepted
        reached = [position for position in range(len(decided)) if decided[position]]
        shares = [accepted[position] / decided[position] for position in reached]
        return pb.AcceptancePrior(by_position=shares, weight=sum(decided))

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
            self._end_all()
        except BaseException as bug:
            log.error(5020, "the inference loop failed", bug)
            # A worker without its loop would answer health checks and nothing else.
            os._exit(_LOOP_FAILED)

    def _turn(self) -> None:
        self.heartbeats += 1
        self._take_messages()
        if self._loadings and self._loadings[0].advance():
            self._loadings.popleft()
        self._drop_unwanted()
        self._admit()
        for slot in self.slots:
            if slot.is_runnable and not self._stopping:
                self._step(slot)

    def _take_messages(self) -> None:
        busy = bool(self._loadings or self._waiting) or any(slot.is_runnable for slot in self.slots)
        try:
            message = self._inbox.get_nowait() if busy else self._inbox.get(timeout=_IDLE_BEAT)
            while True:
                if message is not None:
                    message()
                message = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _step(self, slot: Slot) -> None:
        assert slot.answer is not None and self.stepper is not None
        try:
            end = self.stepper.turn(slot)
        except DraftFailed as failure:
            self.replace_draft(None)
            log.warn(5021, f"the draft model was removed: {failure}")
            return
        except Exception as failure:
            if not isinstance(failure, Refused):
                log.error(5022, "a step failed", failure)
                failure = internal(f"The step failed: {failure}", "Send the request again, or load the model again.")
            slot.answer.fail(failure)
            slot.clear()
            self._release(slot)
            return
        if end != pb.FINISH_REASON_UNSPECIFIED:
            slot.answer.finish(end)
            self._release(slot)

    def _drop_unwanted(self) -> None:
        now = time.perf_counter()
        for slot in self.slots:
            if slot.answer is None:
                continue
            slot.answer.resume()
            impatient = slot.answer.is_paused and now - slot.answer.paused_since > _READER_PATIENCE
            if slot.answer.generation.is_cancelled or impatient:
                slot.answer.finish(pb.FINISH_REASON_CANCELLED)
                self._release(slot)
        self.has_paused = any(slot.answer is not None and slot.answer.is_paused for slot in self.slots)

    def _admit(self) -> None:
        """First come, first served; the free slot that shares the longest prefix."""
        while self._waiting:
            generation = self._waiting[0]
            free = [slot for slot in self.slots if slot.answer is None]
            if generation.is_cancelled:
                self._waiting.popleft().complete()
                continue
            if not free:
                return
            self._waiting.popleft()
            self._begin(max(free, key=lambda slot: slot.common_prefix(generation.prompt_tokens)), generation)

    def _begin(self, slot: Slot, generation: Generation) -> None:
        assert self._model is not None and self.stepper is not None
        cached = slot.begin(generation.prompt_tokens, generation.may_reuse_prompt)
        self.prompt_cached += cached
        draft_key = None if self._draft is None else self._draft.key
        has_seed = self._seed is not None or generation.request.HasField("seed")
        # With a seed, the text must not depend on time.
        costs = self._costs if has_seed else refined(self._costs, self.stepper.costs, self.stepper.draft_costs)
        setup = Setup(self._model.tokenizer, draft_key, self.revision, slot.main.can_trim, self._seed, cached, costs, self._prior)
        try:
            slot.answer = Answer(generation, setup)
        except Refused as refused:  # Checked before; a second fault is still the request's own.
            generation.complete(error=refused)

    def _release(self, slot: Slot) -> None:
        """Frees the slot of an answer that has ended. Its cache stays, for a prompt that begins alike."""
        answer = slot.answer
        if answer is None:
            return
        self._finished_tally.add(answer.tally)
        self.requests_finished += 1
        self.tokens_emitted += answer.emitted
        slot.answer = None
        slot.ahead = None
        if not answer.generation.may_reuse_prompt:
            slot.clear()
        self._finished_while_draining += bool(self._drains)
        self._complete_drains()

    def _complete_drains(self) -> None:
        if self._waiting or any(slot.answer is not None for slot in self.slots):
            return
        for drain in self._drains:
            drain.set_result(self._finished_while_draining)
        self._drains.clear()

    def _end_all(self) -> None:
        for slot in self.slots:
            if slot.answer is not None:
                slot.answer.finish(pb.FINISH_REASON_MODEL_UNLOADED)
                self._release(slot)
        while self._waiting:
            self._waiting.popleft().complete(error=unavailable("stopping", "The worker is ending.", "Send the request again.", 1))
        self._complete_drains()


def _free_memory() -> None:
    """What a dropped model held goes back to the system as far as MLX lets it."""
    import gc

    import mlx.core as mx

    gc.collect()
    mx.clear_cache()
