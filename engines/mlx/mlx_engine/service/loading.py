"""Loads on the loop's thread: a model or a draft, from its first slice until the loop has it."""

import asyncio
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ..inference.model import Model
from ..messages import pb
from ..refusal import internal
from .placement import Placement

if TYPE_CHECKING:
    from ..inference.loading import Loading
    from ..inference.loop import InferenceLoop


async def follow(loop: "InferenceLoop", work: Generator[float, None, Model], send: Callable[[float], Any]) -> Model:
    """Loads in slices on the owner thread and sends the progress; a caller that goes cancels the load."""
    events = asyncio.get_running_loop()
    progress: asyncio.Queue[float | None] = asyncio.Queue()

    def tell(fraction: float | None) -> None:
        events.call_soon_threadsafe(progress.put_nowait, fraction)

    loading: Loading[Model] = loop.load(work, tell)
    loading.done.add_done_callback(lambda _: tell(None))
    try:
        while (fraction := await progress.get()) is not None:
            await send(fraction)
    finally:
        loading.is_cancelled = True
    return await asyncio.wrap_future(loading.done)


def open_model(loop: "InferenceLoop", model: Model, placement: Placement, cost: pb.CostCurve) -> None:
    """On the owner thread."""
    from ..inference.measure import measure, warm_up

    if not warm_up(model):
        raise internal("The model was read but cannot compute.", "Try another quantisation or another runtime.", "model_load_failed")
    costs = measure(model, cost)
    loop.open(model, placement.parallel, placement.context_length, placement.batch_size, placement.seed, costs)


def put_in_draft(loop: "InferenceLoop", model: Model, draft: pb.DraftModel) -> None:
    """On the owner thread."""
    from ..inference.measure import DRAFT_WIDTHS, measure, warm_up

    if not warm_up(model):
        raise internal("The draft was read but cannot compute.", "Choose another draft.", "model_load_failed")
    loop.replace_draft(model, measure(model, draft.cost, DRAFT_WIDTHS), tuple(draft.acceptance_prior.by_position))
