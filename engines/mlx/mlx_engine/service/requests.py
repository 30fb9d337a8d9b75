"""Refuses what a Generate request may not ask, before it reaches the loop; every refusal names its field."""

from ..messages import pb
from ..refusal import invalid, not_supported
from ..speculation.settings import read_sampling, read_speculation

_MOST_LOGPROBS = 100
_MOST_STOPS = 64
_LONGEST_STOP = 1024


def check(request: pb.GenerateRequest, prompt: list[int], vocabulary_size: int, context_length: int) -> None:
    """Raises the first fault found."""
    if not prompt:
        raise invalid("prompt", "The prompt is empty.")
    read_sampling(request.sampling, vocabulary_size)
    read_speculation(request.speculation, pb.PROPOSER_NONE)
    if len(prompt) >= context_length:
        reason = f"The prompt has {len(prompt)} tokens; the context holds {context_length}, one of them for the answer."
        advice = "Shorten the prompt, or load the model with a longer context."
        raise invalid("prompt", reason, advice, "context_length_exceeded")
    if request.HasField("constraint"):
        raise not_supported("constraint", "This worker cannot constrain an answer.")
    if request.top_logprobs > _MOST_LOGPROBS:
        raise invalid("top_logprobs", f"top_logprobs must be 0 to {_MOST_LOGPROBS}, not {request.top_logprobs}.")
    if request.overflow not in (pb.OVERFLOW_UNSPECIFIED, pb.OVERFLOW_STOP):
        raise not_supported("overflow", f"This worker has no overflow policy {pb.Overflow.Name(request.overflow)}.")
    if len(request.stop) > _MOST_STOPS:
        raise invalid("stop", f"There may be {_MOST_STOPS} stop strings, not {len(request.stop)}.")
    for index, stop in enumerate(request.stop):
        if not 1 <= len(stop.encode()) <= _LONGEST_STOP:
            raise invalid(f"stop[{index}]", f"A stop string has 1 to {_LONGEST_STOP} bytes, not {len(stop.encode())}.")
