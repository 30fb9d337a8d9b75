"""An answer being written: decides tokens from rows of logits, releases what no stop string can take back, and counts."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..messages import pb
from ..refusal import invalid
from ..speculation.chain import Row, SamplerChain
from ..speculation.draft import Draft, RandomDecisions
from ..speculation.length import Costs, LengthChooser
from ..speculation.settings import LONGEST_DRAFT, read_sampling, read_speculation
from ..speculation.stops import TokenReleaser
from ..speculation.tally import SpeculationTally
from ..speculation.verifier import Outcome, Verifier
from .generation import Generation
from .logprobs import Logprobs
from .picker import Picker
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class Setup:
    """What an answer needs of the loop. ``draft_key`` None: no draft is attached. Costs and prior are those of the load."""

    tokenizer: Tokenizer
    draft_key: str | None
    draft_revision: int
    cache_can_trim: bool
    seed: int | None
    cached_tokens: int
    costs: Costs
    acceptance_prior: tuple[float, ...]


class Answer:
    """Used by the loop alone. What it is proposed comes from a ``Draft``, whoever fills it."""

    def __init__(self, generation: Generation, setup: Setup) -> None:
        request = generation.request
        self.generation = generation
        self._tokenizer = setup.tokenizer
        self._setup = setup
        self.admitted_at = self._progress_at = time.perf_counter()
        default = pb.PROPOSER_NONE if setup.draft_key is None else pb.PROPOSER_COMBINED
        self.speculation = read_speculation(request.speculation, default)
        sampling = read_sampling(request.sampling, setup.tokenizer.size)
        self._seed = request.seed if request.HasField("seed") else setup.seed if setup.seed is not None else secrets.randbits(64)
        decisions = RandomDecisions(self._seed)
        self.chain = SamplerChain(sampling, setup.tokenizer.size, setup.tokenizer.end_of_generation)
        self.chain.accept_prompt(generation.prompt_tokens)
        self._picker = Picker(sampling, setup.tokenizer.size, self._seed) if Picker.can(sampling) else None
        self._verifier = Verifier(self.chain, decisions)
        self.draft = Draft(self.chain, decisions, self.speculation.min_probability, self.speculation.min_length)
        self._releaser = TokenReleaser(request.stop)
        self._logprobs = Logprobs(setup.tokenizer, request.top_logprobs) if request.HasField("top_logprobs") else None
        self._released: list[pb.Token] = []
        self._unsent: pb.GenerateResponse | None = None
        self.paused_since = 0.0
        self.tally = SpeculationTally()
        self.emitted = 0
        self._prompt_done_at = self._last_token_at = 0.0
        self.note = self._why_not_draft() if setup.cache_can_trim else self._why_not_at_all()
        proposer = self.speculation.proposer
        self.uses_ngrams = setup.cache_can_trim and proposer in (pb.PROPOSER_NGRAM, pb.PROPOSER_COMBINED)
        self.uses_draft = not self.note and proposer in (pb.PROPOSER_DRAFT, pb.PROPOSER_COMBINED)
        fixed = self.speculation.length is not None
        self.chooser = None if fixed else LengthChooser(setup.costs, setup.acceptance_prior, self.speculation.max_length)

    @property
    def picker(self) -> Picker | None:
        """Chooses tokens on the device; None where the host needs the rows: for the chain's own work, or for log probabilities."""
        return None if self.chain.edits or self._logprobs is not None else self._picker

    @property
    def costs(self) -> Costs:
        return self._setup.costs

    @property
    def is_paused(self) -> bool:
        """Its reader is behind."""
        return self._unsent is not None

    @property
    def is_prompt_done(self) -> bool:
        return self._prompt_done_at != 0

    @property
    def remaining(self) -> int:
        """Tokens that may still be decided; a large number without a limit."""
        limit = self.generation.max_tokens
        return limit - self.emitted - self._releaser.held_count if limit else 1 << 30

    @property
    def speculates(self) -> bool:
        return self.uses_draft or self.uses_ngrams

    @property
    def wants_draft(self) -> bool:
        """Whether the draft model is to be used from the first step on: it reads the prompt then, before the first token."""
        return self.uses_draft and self.draft_length(pb.ORIGIN_DRAFT, LONGEST_DRAFT) > 0

    def draft_length(self, origin: pb.Origin, room: int) -> int:
        """Tokens to draft in the next step: the wanted length, cut to what can still be emitted and cached."""
        limit = max(0, min(room, self.remaining - 1))
        if self.chooser is not None:
            return self.chooser.choose(origin, limit)
        return min(self.speculation.length or 0, limit)

    def stop_using_draft(self, note: str) -> None:
        """N-grams, where they were asked for too, go on."""
        if self.uses_draft:
            self.uses_draft = False
            self.note = note

    def stop_speculating(self, note: str) -> None:
        if self.speculates:
            self.uses_draft = self.uses_ngrams = False
            self.note = note

    def learn_of_copying(self, was_right: bool) -> None:
        """A token that stood in the text before was not drafted; whether it would have been accepted is known now."""
        if self.chooser is not None:
            self.chooser.observe(pb.ORIGIN_NGRAM, int(was_right), not was_right)

    def mark_prompt_done(self) -> None:
        """The prompt is processed: generation time counts from here."""
        if not self._prompt_done_at:
            self._prompt_done_at = self._last_token_at = time.perf_counter()

    def conclude(self, row_of: Callable[[int], Row], drafted: bool, tokens: list[int]) -> pb.FinishReason:
        """Decides the tokens of a step and appends them to ``tokens``. Returns why the answer ends (unspecified: it goes on)."""
        draft = self.draft if drafted else None
        self.tally.begin_step(len(draft.tokens) if draft else 0, draft.sent_count if draft else 0)
        if self.chooser is not None and self.speculates and self.is_prompt_done:
            drafted_count = len(draft.tokens) if draft else 0
            self.tally.choose_length(drafted_count)
            self.chooser.step_is_over(drafted_count)
        self._verifier.begin(draft)
        accepted = 0
        refused = False
        end = pb.FINISH_REASON_UNSPECIFIED
        while True:
            row = row_of(accepted)
            decision = self._verifier.next(row)
            self.tally.decide(decision.outcome)
            if decision.outcome is Outcome.IMPOSSIBLE:
                reason = "The settings leave no token that could come next."
                raise invalid("sampling.logit_bias", reason, "Loosen logit_bias.")
            tokens.append(decision.token)
            accepted += decision.outcome is Outcome.ACCEPTED
            refused = decision.outcome is Outcome.CORRECTED
            if decision.token in self._tokenizer.end_of_generation:
                end = pb.FINISH_REASON_EOS
            else:
                end = self._release(decision.token, decision.origin, row)
            if end != pb.FINISH_REASON_UNSPECIFIED or decision.outcome is not Outcome.ACCEPTED:
                break
        self.tally.end_step()
        if self.chooser is not None and draft is not None and draft.sent_count:
            self.chooser.observe(draft.origin, accepted, refused)
        if end not in (pb.FINISH_REASON_UNSPECIFIED, pb.FINISH_REASON_STOP_STRING):
            self._releaser.flush(self._released)
        self._last_token_at = time.perf_counter()
        self._send_released()
        return end

    def report_progress(self, processed: int) -> None:
        """Sends prompt progress when the last report is old enough; a report that finds no room is dropped."""
        request = self.generation.request
        interval = request.progress_interval if request.HasField("progress_interval") else 0.5
        now = time.perf_counter()
        if now - self._progress_at < interval:
            return
        self._progress_at = now
        total = len(self.generation.prompt_tokens)
        progress = pb.PromptProgress(processed=processed, total=total, cached=self._setup.cached_tokens)
        self.generation.try_write(pb.GenerateResponse(progress=progress))

    def resume(self) -> None:
        """Tries again to send what its reader had no room for."""
        if self._unsent is not None and self.generation.try_write(self._unsent):
            self._unsent = None
            self.generation.announce()

    def finish(self, reason: pb.FinishReason) -> None:
        """Ends the answer with its statistics. What is still held back for a stop string is released first."""
        unsent = [self._unsent] if self._unsent is not None else []
        if reason in (pb.FINISH_REASON_CANCELLED, pb.FINISH_REASON_MODEL_UNLOADED, pb.FINISH_REASON_CONTEXT_FULL):
            self._releaser.flush(self._released)
            if self._released:
                unsent.append(self._take_released())
        self.tally.finish()
        self.generation.complete(*unsent, pb.GenerateResponse(finished=self._describe(reason)))

    def fail(self, error: BaseException) -> None:
        self.tally.finish()
        self.generation.complete(error=error)

    def _release(self, token: int, origin: pb.Origin, row: Row) -> pb.FinishReason:
        if self._tokenizer.is_control(token):
            message = pb.Token(id=token, origin=origin, control=True, control_text=self._tokenizer.spelled(token))
        else:
            message = pb.Token(id=token, origin=origin, piece=self._tokenizer.piece(token))
        if self._logprobs is not None and isinstance(row, np.ndarray):
            self._logprobs.write(message, row)
        if self._releaser.add(message, self._released):
            return pb.FINISH_REASON_STOP_STRING
        done = self.remaining - len(self._released) <= 0
        return pb.FINISH_REASON_MAX_TOKENS if done else pb.FINISH_REASON_UNSPECIFIED

    def _send_released(self) -> None:
        if not self._released:
            return
        message = self._take_released()
        if not self.generation.try_write(message):
            # At most one message waits: a paused row makes no more.
            self._unsent = message
            self.paused_since = time.perf_counter()

    def _take_released(self) -> pb.GenerateResponse:
        for token in self._released:
            self.tally.emit(token.origin)
        self.emitted += len(self._released)
        message = pb.GenerateResponse(step=pb.DecodeStep(tokens=self._released))
        self._released = []
        return message

    def _describe(self, reason: pb.FinishReason) -> pb.Finished:
        end = self._prompt_done_at or time.perf_counter()
        finished = pb.Finished(
            reason=reason,
            stop_string=self._releaser.stop_string or "" if reason == pb.FINISH_REASON_STOP_STRING else "",
            prompt_tokens=len(self.generation.prompt_tokens),
            cached_tokens=self._setup.cached_tokens,
            emitted_tokens=self.emitted,
            queue_seconds=max(0.0, self.admitted_at - self.generation.arrived_at),
            prompt_seconds=end - self.admitted_at,
            generation_seconds=self._last_token_at - self._prompt_done_at if self._prompt_done_at else 0,
            speculation_note=self.note or self._why_off(),
            seed=self._seed,
        )
        if self.speculation.proposer != pb.PROPOSER_NONE:
            finished.speculation.CopyFrom(self.tally.counters(self.speculation.proposer, self._setup.draft_key or ""))
        return finished

    def _why_off(self) -> str:
        """The worker chose not to draft, and why."""
        chooser = self.chooser
        if chooser is None or not self.uses_draft or not self.is_prompt_done or chooser.length or not chooser.reason:
            return ""
        return f"Speculation was off: {chooser.reason}."

    def _why_not_at_all(self) -> str:
        return "" if self.speculation.proposer == pb.PROPOSER_NONE else "This model's cache cannot take back refused tokens."

    def _why_not_draft(self) -> str:
        if self.speculation.proposer in (pb.PROPOSER_NONE, pb.PROPOSER_NGRAM):
            return ""
        if self._setup.draft_key is None:
            return "No draft model is attached."
        expected = self.speculation.draft_revision
        if expected and expected != self._setup.draft_revision:
            return "The draft model was changed before this request was served."
        return ""
