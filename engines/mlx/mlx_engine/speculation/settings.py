"""The sampling and speculation settings of one request, checked and complete. Defaults and ranges are those of the llama.cpp worker."""

import math
from dataclasses import dataclass

from ..messages import pb
from ..refusal import Refused, invalid, not_supported

LONGEST_DRAFT = 32
SAMPLING_SETTINGS = [
    f"sampling.{name}"
    for name in (
        "temperature top_k top_p min_p typical_p repetition_penalty frequency_penalty presence_penalty penalty_window "
        "logit_bias min_tokens ignore_eos"
    ).split()
]
SPECULATION_SETTINGS = [
    f"speculation.{name}" for name in ("proposer", "length", "min_length", "min_probability", "max_length", "draft_revision")
]
_UNSUPPORTED = (
    "dynamic_temperature_range dynamic_temperature_exponent xtc_probability xtc_threshold dry_multiplier dry_base "
    "dry_allowed_length dry_window mirostat mirostat_tau mirostat_eta"
).split()


@dataclass(frozen=True)
class SamplingSettings:
    """Temperature 0 is the most probable token, always; 0 or 1 in the other fields is "off", as the contract says."""

    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    typical_p: float = 1.0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    penalty_window: int = 64
    logit_bias: tuple[tuple[int, float], ...] = ()
    min_tokens: int = 0
    ignore_eos: bool = False

    @property
    def is_greedy(self) -> bool:
        return self.temperature == 0

    @property
    def has_penalties(self) -> bool:
        changes = self.repetition_penalty != 1 or self.frequency_penalty != 0 or self.presence_penalty != 0
        return self.penalty_window != 0 and changes


@dataclass(frozen=True)
class SpeculationSettings:
    """``length`` None: the worker chooses, up to ``max_length``."""

    proposer: pb.Proposer = pb.PROPOSER_NONE
    length: int | None = None
    min_length: int = 0
    min_probability: float = 0.0
    max_length: int = LONGEST_DRAFT
    draft_revision: int = 0


def read_sampling(source: pb.Sampling, vocabulary_size: int) -> SamplingSettings:
    """Raises the refusal of the first fault."""
    for name in _UNSUPPORTED:
        if source.HasField(name) and (getattr(source, name) != 0 or name not in ("xtc_probability", "dry_multiplier", "mirostat")):
            raise not_supported(f"sampling.{name}", f"This worker has no setting sampling.{name}.")
    if source.dry_sequence_breakers:
        raise not_supported("sampling.dry_sequence_breakers", "This worker has no setting sampling.dry_sequence_breakers.")
    given = {
        name: getattr(source, name)
        for name in SamplingSettings.__dataclass_fields__
        if name != "logit_bias" and source.HasField(name)
    }
    settings = SamplingSettings(**given, logit_bias=tuple((b.token, b.bias) for b in source.logit_bias))
    _require(math.isfinite(settings.temperature) and settings.temperature >= 0, "temperature", settings.temperature, "0 or more")
    for name in ("top_p", "min_p", "typical_p"):
        _require(0 <= getattr(settings, name) <= 1, name, getattr(settings, name), "from 0 to 1")
    repetition = settings.repetition_penalty
    _require(math.isfinite(repetition) and repetition > 0, "repetition_penalty", repetition, "above 0")
    for name in ("frequency_penalty", "presence_penalty"):
        _require(math.isfinite(getattr(settings, name)), name, getattr(settings, name), "a finite number")
    _require(settings.penalty_window >= -1, "penalty_window", settings.penalty_window, "-1 or more")
    for index, (token, bias) in enumerate(settings.logit_bias):
        _require(0 <= token < vocabulary_size, f"logit_bias[{index}].token", token, f"from 0 to {vocabulary_size - 1}")
        _require(not math.isnan(bias) and bias != math.inf, f"logit_bias[{index}].bias", bias, "a number or -inf")
    return settings


def read_speculation(source: pb.Speculation, default_proposer: pb.Proposer) -> SpeculationSettings:
    """Raises the refusal of the first fault."""
    proposer = source.proposer or default_proposer
    if proposer not in pb.Proposer.values():
        raise invalid("speculation.proposer", f"speculation.proposer {proposer} is unknown.")
    for name in ("length", "max_length"):
        if source.HasField(name) and not 1 <= getattr(source, name) <= LONGEST_DRAFT:
            raise _out_of_range(name, f"from 1 to {LONGEST_DRAFT}")
    if source.min_length > LONGEST_DRAFT:
        raise _out_of_range("min_length", f"from 0 to {LONGEST_DRAFT}")
    if not 0 <= source.min_probability <= 1:
        raise _out_of_range("min_probability", "from 0 to 1")
    return SpeculationSettings(
        proposer,
        source.length if source.HasField("length") else None,
        source.min_length,
        source.min_probability,
        source.max_length if source.HasField("max_length") else LONGEST_DRAFT,
        source.draft_revision,
    )


def _require(holds: bool, name: str, value: float, allowed: str) -> None:
    if not holds:
        raise invalid(f"sampling.{name}", f"sampling.{name} is {value}; it must be {allowed}.")


def _out_of_range(name: str, allowed: str) -> Refused:
    return invalid(f"speculation.{name}", f"speculation.{name} must be {allowed}.")
