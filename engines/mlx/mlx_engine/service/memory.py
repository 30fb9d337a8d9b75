"""Devices, and what the loaded models hold."""

import os
import platform
import sys
import time
from typing import TYPE_CHECKING

from ..inference.folder import ModelFolder
from ..inference.model import Model
from ..messages import pb
from .placement import Placement

if TYPE_CHECKING:
    from ..inference.loop import InferenceLoop
    from ..inference.slot import Slot


def devices(has_metal: bool) -> list[pb.Device]:
    """What MLX computes on. The whole memory of the machine is at its disposal, on Apple silicon to the GPU as well."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    kind = pb.Device.KIND_INTEGRATED_GPU if has_metal else pb.Device.KIND_CPU
    return [
        pb.Device(
            name="Metal" if has_metal else "CPU", description=_chip(), kind=kind, memory_total=total, memory_free=_free_bytes(total)
        )
    ]


def of(loop: "InferenceLoop", model: Model) -> list[pb.DeviceMemory]:
    """Weights and caches as they are now; caches grow with the text."""
    memory = pb.DeviceMemory(device="Metal" if model.has_metal else "CPU", weights=model.weight_bytes)
    memory.kv_cache = sum(slot.main.nbytes for slot in loop.slots)
    if (draft := loop.draft) is not None:
        cache = sum(slot.draft.nbytes for slot in loop.slots if slot.draft is not None)
        memory.draft = draft.weight_bytes + cache
        memory.weights += draft.weight_bytes
        memory.kv_cache += cache
    return [memory]


def estimate(folder: ModelFolder, placement: Placement, has_metal: bool) -> pb.DeviceMemory:
    """From headers. On a CPU numbers are widened to 32 bits, quantised ones apart."""
    quantised = isinstance(folder.config.get("quantization"), dict)
    weights = folder.file_size if has_metal or quantised else max(folder.file_size, folder.parameter_count * 4)
    cache = folder.cache_elements_per_token * placement.context_length * placement.parallel * (2 if has_metal else 4)
    return pb.DeviceMemory(device="Metal" if has_metal else "CPU", weights=weights, kv_cache=cache, compute=weights // 10)


def add_draft(figures: pb.DeviceMemory, draft: pb.DeviceMemory) -> None:
    figures.draft = draft.weights + draft.kv_cache + draft.compute
    figures.weights += draft.weights
    figures.kv_cache += draft.kv_cache
    figures.compute += draft.compute


def stats(loop: "InferenceLoop", model: Model, placement: Placement) -> pb.StatsResponse:
    """What the loop is doing, read from outside; figures of one answer may be a step apart."""
    stepper = loop.stepper
    assert stepper is not None
    draft = loop.draft
    return pb.StatsResponse(
        waiting=loop.waiting,
        slots=[_slot(slot) for slot in loop.slots],
        kv_used=sum(slot.main.length for slot in loop.slots),
        kv_size=placement.context_length * placement.parallel,
        memory=of(loop, model),
        speculation=loop.tally().counters(pb.PROPOSER_NONE if draft is None else pb.PROPOSER_DRAFT, draft.key if draft else ""),
        cost=stepper.costs.curve(),
        draft_cost=stepper.draft_costs.curve(),
        slowest=stepper.costs.slowest(),
        steps=stepper.steps,
        heartbeats=loop.heartbeats,
        requests_finished=loop.requests_finished,
        tokens_emitted=loop.tokens_emitted,
        prompt_tokens_processed=stepper.prompt_processed,
        prompt_tokens_cached=loop.prompt_cached,
        resident_private=resident_private(),
        decisions=[decision for slot in loop.slots if (decision := _decision(slot)) is not None],
        acceptance=loop.acceptance(),
    )


def resident_private() -> int:
    """Resident memory that is not mapped from files, bytes; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/status", encoding="ascii") as file:
        line = next((line for line in file if line.startswith("RssAnon:")), "")
    return int(line.split()[1]) * 1024 if line else 0


def _decision(slot: "Slot") -> pb.LengthDecision | None:
    answer = slot.answer
    if answer is None or answer.chooser is None or not answer.chooser.reason:
        return None
    chooser = answer.chooser
    request_id, length = answer.generation.request.request_id, chooser.length or 0
    return pb.LengthDecision(request_id=request_id, length=length, expected_gain=chooser.gain, reason=chooser.reason)


def _slot(slot: "Slot") -> pb.Slot:
    answer = slot.answer
    if answer is None:
        return pb.Slot(id=slot.number, phase=pb.Slot.PHASE_IDLE, tokens=slot.main.length)
    phase = pb.Slot.PHASE_PAUSED if answer.is_paused else pb.Slot.PHASE_DECODE if answer.is_prompt_done else pb.Slot.PHASE_PROMPT
    return pb.Slot(
        id=slot.number,
        phase=phase,
        request_id=answer.generation.request.request_id,
        tokens=slot.main.length,
        emitted=answer.emitted,
        seconds=time.perf_counter() - answer.admitted_at,
    )


def _chip() -> str:
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            line = next((line for line in file if line.startswith("model name")), "")
        if line:
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _free_bytes(total: int) -> int:
    if sys.platform != "linux":
        return total
    with open("/proc/meminfo", encoding="ascii") as file:
        line = next((line for line in file if line.startswith("MemAvailable:")), "")
    return int(line.split()[1]) * 1024 if line else total
