"""One turn of one slot: a chunk of its prompt, or a decode step."""

import time
from collections.abc import Callable
from typing import Any, cast

from ..messages import pb
from ..speculation.chain import Row
from ..speculation.law import Law
from .answer import Answer
from .costs import PassCosts
from .drafter import Drafter, DraftFailed, to_numpy
from .picker import Picker
from .slot import Slot

# A chunk should take so long: between two of them the worker looks at cancellations. A GPU needs wide passes to be quick.
_CHUNK_SECONDS = 0.05
_SMALLEST_CHUNK_CPU = 4
_SMALLEST_CHUNK_GPU = 256
_FIRST_CHUNK = 16
_LARGEST_CHUNK = 2048


class Stepper:
    """Used by the owner thread alone."""

    def __init__(self, context_length: int, largest_chunk: int, has_metal: bool) -> None:
        import mlx.core as mx

        self._mx = mx
        self._drafter = Drafter(mx)
        self._context_length = context_length
        self._has_metal = has_metal
        self._smallest_chunk = _SMALLEST_CHUNK_GPU if has_metal else _SMALLEST_CHUNK_CPU
        self._largest_chunk = max(1, min(largest_chunk or _LARGEST_CHUNK, _LARGEST_CHUNK))
        self._chunk = max(_FIRST_CHUNK, self._smallest_chunk)
        self.costs = PassCosts()
        self.draft_costs = PassCosts()
        self.steps = 0
        self.prompt_processed = 0

    def turn(self, slot: Slot) -> pb.FinishReason:
        """Why the slot's answer ends; unspecified when it goes on."""
        assert slot.answer is not None
        self.steps += 1
        if len(slot.tokens) - slot.main.length > 1:
            self._prefill(slot, slot.answer)
            return pb.FINISH_REASON_UNSPECIFIED
        if not slot.answer.is_prompt_done and slot.answer.wants_draft and self._drafter.follow(slot, self._chunk):
            return pb.FINISH_REASON_UNSPECIFIED
        end = self._decode(slot, slot.answer)
        if end == pb.FINISH_REASON_UNSPECIFIED and len(slot.tokens) >= self._context_length:
            return pb.FINISH_REASON_CONTEXT_FULL
        return end

    def _has_caught_up(self, slot: Slot) -> bool:
        """A new draft reads in slices, so that nobody waits for it; else the draft reads at once what it lacks: at which step it comes in
        must not depend on what was cached or how long a pass took."""
        while self._drafter.follow(slot, self._chunk):
            if slot.draft_is_new:
                return False
        slot.draft_is_new = False
        return True

    def _prefill(self, slot: Slot, answer: Answer) -> None:
        start = slot.main.length
        count = min(self._chunk, self._largest_chunk, len(slot.tokens) - 1 - start)
        began = time.perf_counter()
        slot.main.feed(self._mx.array(slot.tokens[start : start + count]))
        slot.main.compute()
        seconds = time.perf_counter() - began
        self.prompt_processed += count
        if count >= self._chunk // 2:
            fitting = int(count * _CHUNK_SECONDS / max(seconds, 1e-6))
            self._chunk = max(self._smallest_chunk, min(fitting, 2 * self._chunk, _LARGEST_CHUNK))
        if not answer.is_prompt_done:
            answer.report_progress(slot.main.length)
            answer.generation.announce()

    def _decode(self, slot: Slot, answer: Answer) -> pb.FinishReason:
        speculates = answer.is_prompt_done and answer.speculates and self._has_room(slot, answer)
        if speculates and slot.ahead is not None and self._may_draft(slot, answer):
            # The token after the text is being computed already: a draft begins after it.
            end = self._take_ahead(slot, answer, following=None)
            if end != pb.FINISH_REASON_UNSPECIFIED:
                return end
        drafted = speculates and slot.ahead is None and self._draft(slot, answer)
        picker = answer.picker
        if not drafted and picker is not None:
            return self._decode_ahead(slot, answer, picker)
        return self._decode_and_read(slot, answer, drafted)

    def _decode_and_read(self, slot: Slot, answer: Answer, drafted: bool) -> pb.FinishReason:
        """A pass over the last token and what is drafted after it; its rows are read."""
        mx = self._mx
        began = time.perf_counter()
        tokens = mx.array(slot.tokens[-1:])
        sent = self._drafter.sent(answer) if drafted else None
        if sent is not None:
            tokens = mx.concatenate([tokens, sent])
        rows = self._rows(slot.main.feed(tokens), answer)
        has_drafted = bool(self._drafter.queued)
        try:
            self._drafter.settle(answer)
        except DraftFailed:
            # What the main model has in its cache behind the text depends on tokens that never came about.
            slot.main.keep(0)
            raise
        row_of = rows()
        self._record(tokens.size, answer, time.perf_counter() - began, has_drafted)
        self._mark_prompt_done(answer)
        end = answer.conclude(row_of, True, slot.tokens) if drafted else self._conclude_plain(slot, answer, row_of)
        slot.main.keep(len(slot.tokens) - 1)
        if slot.draft is not None:
            slot.draft.keep(min(slot.draft.length, len(slot.tokens) - 1))
        if not has_drafted:
            answer.generation.announce()
        return end

    def _decode_ahead(self, slot: Slot, answer: Answer, picker: Picker) -> pb.FinishReason:
        """Plain decoding with the next pass queued before this one's token is read, so that the device never waits.

        MLX on a CPU takes in about a hundred operations ahead of those it computes; while more are handed over the host waits, and what it does
        afterwards must be shorter than those last operations. So half of the pass is handed over, the token before it is dealt with while
        that half is computed, and then the rest.
        """
        mx = self._mx
        began = time.perf_counter()
        position = answer.chain.position
        is_first = slot.ahead is None
        if is_first:
            slot.ahead = picker.pick(slot.main.feed(mx.array(slot.tokens[-1:])), position)
            mx.async_eval(slot.ahead)
            answer.generation.announce()
        following = None
        # Nobody waits longer for a first token.
        if answer.is_prompt_done and answer.remaining > 1 and slot.main.length < self._context_length - 1:
            following = picker.pick(slot.main.feed(slot.ahead), position + 1)
            if self._has_metal:
                mx.async_eval(following)
            else:
                slot.main.start()
        slot.ahead.item()
        self._mark_prompt_done(answer)
        end = self._take_ahead(slot, answer, following)
        if following is not None:
            answer.generation.announce()
            mx.async_eval(following)
            if not is_first:
                self.costs.record(1, time.perf_counter() - began)
        return end

    def _take_ahead(self, slot: Slot, answer: Answer, following: Any) -> pb.FinishReason:
        token = int(slot.ahead.item())
        slot.ahead = following
        end = self._conclude_plain(slot, answer, lambda _: token)
        if following is None:
            answer.generation.announce()
        return end

    def _conclude_plain(self, slot: Slot, answer: Answer, row_of: Callable[[int], Row]) -> pb.FinishReason:
        """What could have been copied from the text and was not is compared with what came."""
        guess = slot.ngrams.match(slot.tokens, 1) if answer.uses_ngrams else []
        end = answer.conclude(row_of, False, slot.tokens)
        if guess:
            answer.learn_of_copying(guess[0] == slot.tokens[-1])
        return end

    def _mark_prompt_done(self, answer: Answer) -> None:
        if not answer.is_prompt_done:
            self.prompt_processed += 1
            answer.mark_prompt_done()

    def _has_room(self, slot: Slot, answer: Answer) -> bool:
        if slot.main.trim_limit - 1 > len(slot.tokens):
            return True
        answer.stop_speculating("The sliding window is full: what a refusal would take back is overwritten.")
        return False

    def _room(self, slot: Slot) -> int:
        """Tokens that a draft may have behind the pending one."""
        return min(self._context_length, slot.main.trim_limit - 1) - len(slot.tokens)

    def _may_draft(self, slot: Slot, answer: Answer) -> bool:
        """Whether a draft is to follow the token that is being computed."""
        room = self._room(slot) - 1
        # Lengths first: where no n-gram could pay, nothing is looked up and the pass ahead goes on.
        if answer.uses_ngrams and answer.draft_length(pb.ORIGIN_NGRAM, room) > 0 and slot.ngrams.match(slot.tokens, 1):
            return True
        return answer.uses_draft and slot.draft is not None and answer.draft_length(pb.ORIGIN_DRAFT, room) > 0

    def _draft(self, slot: Slot, answer: Answer) -> bool:
        """Drafts, from the text or with the draft model; False: a plain step."""
        room = self._room(slot)
        if answer.uses_ngrams and self._drafter.copy(slot, answer, room):
            return True
        if not answer.uses_draft or slot.draft is None:
            return False
        length = answer.draft_length(pb.ORIGIN_DRAFT, room)
        return length > 0 and self._has_caught_up(slot) and self._drafter.write(slot, answer, length)

    def _rows(self, logits: Any, answer: Answer) -> Callable[[], Callable[[int], Row]]:
        """Queues what is needed of a pass; then reads it and gives the row of an index."""
        mx, picker = self._mx, answer.picker
        if picker is None:
            wanted = logits.astype(mx.float32)
        else:
            wanted = picker.best(logits) if picker.is_greedy else picker.weights(logits)
        answer.generation.announce()
        mx.async_eval(wanted, *self._drafter.queued)

        def read() -> Callable[[int], Row]:
            if picker is not None and picker.is_greedy:
                return cast(list[int], wanted.tolist()).__getitem__
            rows = to_numpy(wanted, mx)

            def row_of(index: int) -> Row:
                return rows[index] if picker is None else Law.dense(rows[index])

            return row_of

        return read

    def _record(self, width: int, answer: Answer, seconds: float, has_drafted: bool) -> None:
        """Where the draft model's passes were queued with this one, both get the share of the time that they were expected to take."""
        if has_drafted and width > 1:
            drafting = (width - 1) * answer.costs.draft
            drafting *= seconds / (drafting + answer.costs.pass_of(width))
            self.draft_costs.record(1, drafting / (width - 1))
            seconds -= drafting
        self.costs.record(width, seconds)
