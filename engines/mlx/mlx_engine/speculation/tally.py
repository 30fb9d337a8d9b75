"""Counts the fate of every drafted token: drafted = accepted + rejected + ignored at any time; until a token's fate is known it is pending
and not reported."""

from ..messages import pb
from .settings import LONGEST_DRAFT
from .verifier import Outcome


class SpeculationTally:
    """Of one answer, or of all answers. Written by the loop alone; a reader may be a step behind."""

    def __init__(self) -> None:
        self._decided_by_position = [0] * LONGEST_DRAFT
        self._accepted_by_position = [0] * LONGEST_DRAFT
        self._drafted = self._accepted = self._rejected = self._ignored = 0
        self._draft_passes = self._main_passes = 0
        self._length_choices = self._length_sum = 0
        self._sent = self._decided = 0
        self._refused = False

    def choose_length(self, length: int) -> None:
        """The worker chose a draft length; with a fixed length nothing is said."""
        self._length_choices += 1
        self._length_sum += length

    def begin_step(self, drafted: int, sent: int) -> None:
        """A step begins with so many drafted tokens, of which the first ``sent`` go through the main model in the pass that is counted."""
        self._drafted += drafted
        self._ignored += drafted - sent
        self._sent = sent
        self._main_passes += 1
        self._draft_passes += sent > 0

    def decide(self, outcome: Outcome) -> None:
        if self._decided == self._sent or self._refused or outcome not in (Outcome.ACCEPTED, Outcome.CORRECTED):
            return
        self._decided_by_position[self._decided] += 1
        if outcome is Outcome.ACCEPTED:
            self._accepted_by_position[self._decided] += 1
        else:
            self._refused = True
        self._decided += 1

    def emit(self, origin: pb.Origin) -> None:
        """A token has been sent to the reader."""
        if origin in (pb.ORIGIN_DRAFT, pb.ORIGIN_NGRAM):
            self._accepted += 1

    def end_step(self) -> None:
        """A refused token and all behind it are rejected; sent tokens that were never decided are ignored. Accepted ones stay pending
        until they are emitted or the answer ends."""
        if self._refused:
            self._rejected += self._sent - (self._decided - 1)
        else:
            self._ignored += self._sent - self._decided
        self._sent = self._decided = 0
        self._refused = False

    def finish(self) -> None:
        """The answer is over: what was not emitted by now never will be."""
        self.end_step()
        self._ignored += self._drafted - self._accepted - self._rejected - self._ignored

    def add(self, other: "SpeculationTally") -> None:
        """Adds the settled figures of another tally, finished or running."""
        accepted, rejected, ignored = other._accepted, other._rejected, other._ignored
        self._drafted += accepted + rejected + ignored
        self._accepted += accepted
        self._rejected += rejected
        self._ignored += ignored
        self._draft_passes += other._draft_passes
        self._main_passes += other._main_passes
        self._length_choices += other._length_choices
        self._length_sum += other._length_sum
        for position in range(LONGEST_DRAFT):
            self._decided_by_position[position] += other._decided_by_position[position]
            self._accepted_by_position[position] += other._accepted_by_position[position]

    def counters(self, proposer: pb.Proposer, draft_key: str) -> pb.SpeculationCounters:
        accepted, rejected, ignored = self._accepted, self._rejected, self._ignored
        reached = [position for position in range(LONGEST_DRAFT) if self._decided_by_position[position]]
        return pb.SpeculationCounters(
            drafted=accepted + rejected + ignored,
            accepted=accepted,
            rejected=rejected,
            ignored=ignored,
            draft_passes=self._draft_passes,
            main_passes=self._main_passes,
            decided_by_position=[self._decided_by_position[position] for position in reached],
            accepted_by_position=[self._accepted_by_position[position] for position in reached],
            proposer=proposer,
            draft_key=draft_key,
            mean_length=self._length_sum / self._length_choices if self._length_choices else 0,
        )

    @property
    def decided_and_accepted(self) -> tuple[list[int], list[int]]:
        return self._decided_by_position, self._accepted_by_position
