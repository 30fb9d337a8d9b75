"""The worker contract over MLX: checks requests, hands them to the loop, writes what comes back."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio

from ..inference.folder import ModelFolder
from ..inference.generation import Generation
from ..inference.library import Library
from ..inference.library import load as load_library
from ..inference.model import Model
from ..inference.model import load as load_model
from ..inference.pair import Side, judge, other_engine
from ..messages import pb
from ..process import Identity
from ..refusal import Refused, invalid, not_supported, precondition, unavailable
from . import facts, memory
from .loading import follow, open_model, put_in_draft
from .placement import Placement
from .requests import check

if TYPE_CHECKING:
    from ..inference.loop import InferenceLoop

Context = grpc.aio.ServicerContext[Any, Any]
_PROTOCOL = 1
_CHALLENGE = range(16, 65)


class MlxService:
    """Its calls run on the event loop and never compute; the loop has a thread of its own."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._loop: InferenceLoop | None = None
        self._library: Future[Library] = Future()
        self._model: Model | None = None
        self._placement = Placement()
        self._load_began = False
        self._draining = False

    def begin(self) -> None:
        """Starts the loop, which imports MLX; after the socket answers, because this takes longer than everything before it."""
        from ..inference.loop import InferenceLoop

        self._loop = InferenceLoop()
        self._library = self._loop.call(load_library)

    def stop(self) -> None:
        self._draining = True
        if self._loop is not None:
            self._loop.stop()

    async def handshake(self, request: pb.HandshakeRequest, _context: Context) -> pb.HandshakeResponse:
        if len(request.challenge) not in _CHALLENGE:
            raise invalid("challenge", f"challenge must be 16 to 64 bytes and has {len(request.challenge)}")
        if not request.protocol_min <= _PROTOCOL <= request.protocol_max:
            theirs = f"{request.protocol_min} to {request.protocol_max}"
            reason = f"the supervisor speaks worker contract {theirs}, this worker {_PROTOCOL} to {_PROTOCOL}"
            raise precondition("protocol_mismatch", reason, "Update whichever of the two is older.")
        library = await asyncio.wrap_future(self._library)
        proof = hmac.new(self._identity.token.encode(), request.challenge, hashlib.sha256).digest()
        return pb.HandshakeResponse(
            protocol=_PROTOCOL,
            proof=proof,
            engine=facts.engine(),
            capabilities=facts.CAPABILITIES,
            settings=facts.SETTINGS,
            devices=memory.devices(library.has_metal),
        )

    async def load_model(self, request: pb.LoadModelRequest, context: Context) -> None:
        began = time.perf_counter()
        loop = self._opened()
        _refuse_other_engine(request.engine_id, "engine_id")
        if self._load_began:
            raise precondition("already_loaded", "This worker has its model.", "Start another worker.")
        self._load_began = True
        library = await asyncio.wrap_future(self._library)
        placement = Placement.read(request.settings, "load")

        async def send(fraction: float, phase: pb.LoadProgress.Phase) -> None:
            await context.write(pb.LoadModelResponse(progress=pb.LoadProgress(fraction=fraction, phase=phase)))

        has_draft = request.HasField("draft")
        share = 0.8 if has_draft else 1.0
        model = await follow(loop, load_model(library, request.model), lambda f: send(share * f, pb.LoadProgress.PHASE_READING))
        placement = placement.fitted(model.folder)
        await asyncio.wrap_future(loop.call(lambda: open_model(loop, model, placement, request.cost)))
        self._placement, self._model = placement, model
        notices: list[str] = []
        if has_draft:
            try:
                await self._attach(request.draft, lambda f: send(share + (1 - share) * f, pb.LoadProgress.PHASE_DRAFT))
            except Refused as refused:
                if request.draft_required:
                    raise
                notices.append(refused.detail.message)
        loaded = self._describe(model, time.perf_counter() - began)
        loaded.notices.extend(notices)
        await context.write(pb.LoadModelResponse(loaded=loaded))

    async def attach_draft(self, request: pb.AttachDraftRequest, context: Context) -> None:
        loop, _ = self._opened(), self._loaded()
        before = memory.of(loop, self._loaded())

        async def send(fraction: float) -> None:
            progress = pb.LoadProgress(fraction=fraction, phase=pb.LoadProgress.PHASE_DRAFT)
            await context.write(pb.AttachDraftResponse(progress=progress))

        await self._attach(request.draft, send)
        attached = pb.AttachedDraft(draft=self._draft_info(), memory_before=before, memory_after=memory.of(loop, self._loaded()))
        await context.write(pb.AttachDraftResponse(attached=attached))

    async def detach_draft(self, _request: pb.DetachDraftRequest, _context: Context) -> pb.DetachDraftResponse:
        loop, model = self._opened(), self._loaded()
        before = memory.of(loop, model)
        had = loop.draft is not None
        if had:
            await asyncio.wrap_future(loop.call(lambda: loop.replace_draft(None)))
        after = memory.of(loop, model)
        return pb.DetachDraftResponse(detached=had, memory_before=before, memory_after=after, revision=loop.revision)

    async def check_draft(self, request: pb.CheckDraftRequest, _context: Context) -> pb.CheckDraftResponse:
        main_engine = request.main_engine_id or facts.ENGINE_ID
        if main_engine != request.draft_engine_id:
            return other_engine(main_engine, request.draft_engine_id)
        if request.HasField("main"):
            main = await asyncio.to_thread(Side.read, request.main, "main.path")
        else:
            main = self._loaded().side
        return judge(main, await asyncio.to_thread(Side.read, request.draft, "draft.path"))

    async def estimate(self, request: pb.EstimateRequest, _context: Context) -> pb.EstimateResponse:
        library = await asyncio.wrap_future(self._library)
        placement = Placement.read(request.settings, "load")
        folder = await asyncio.to_thread(ModelFolder.read, request.model)
        figures = memory.estimate(folder, placement.fitted(folder), library.has_metal)
        if request.HasField("draft"):
            draft = await asyncio.to_thread(ModelFolder.read, request.draft.model, "draft.path")
            memory.add_draft(figures, memory.estimate(draft, placement.fitted(folder), library.has_metal))
        return pb.EstimateResponse(memory=[figures])

    async def generate(self, request: pb.GenerateRequest, context: Context) -> None:
        loop, model = self._opened(), self._loaded()
        if self._draining:
            raise unavailable("draining", "This worker is ending and takes no new requests.", "Send the request again.", 1)
        arrived = time.perf_counter()
        tokens = await asyncio.to_thread(model.tokenizer.tokenize, request.prompt)
        check(request, tokens, model.tokenizer.size, self._placement.context_length)
        generation = Generation(request, tokens, arrived)
        loop.start(generation)
        try:
            async for message in generation.read():
                await context.write(message)
                if loop.has_paused:
                    loop.wake()
        finally:
            # A reader that has gone must not keep its row.
            generation.is_cancelled = True
            loop.wake()

    async def tokenize(self, request: pb.TokenizeRequest, _context: Context) -> pb.TokenizeResponse:
        tokenizer = self._loaded().tokenizer
        ids = await asyncio.to_thread(tokenizer.tokenize, request.prompt)
        return pb.TokenizeResponse(ids=ids, pieces=[tokenizer.piece(token, special=True) for token in ids] if request.with_pieces else [])

    async def detokenize(self, request: pb.DetokenizeRequest, _context: Context) -> pb.DetokenizeResponse:
        tokenizer = self._loaded().tokenizer
        ids = tokenizer.check_ids(request.ids, "ids")
        return pb.DetokenizeResponse(text=b"".join(tokenizer.piece(token, request.with_control) for token in ids))

    async def embed(self, _request: pb.EmbedRequest, _context: Context) -> pb.EmbedResponse:
        raise not_supported("", "This worker has no embeddings.", "Use an embedding model as GGUF.")

    async def stats(self, _request: pb.StatsRequest, _context: Context) -> pb.StatsResponse:
        state = pb.StatsResponse
        loop, model = self._loop, self._model
        if loop is None or loop.stepper is None or model is None:
            return state(state=state.STATE_LOADING if self._load_began else state.STATE_EMPTY, heartbeats=loop.heartbeats if loop else 0)
        figures = memory.stats(loop, model, self._placement)
        figures.state = state.STATE_DRAINING if self._draining else state.STATE_READY
        if loop.draft is not None:
            figures.draft.CopyFrom(self._draft_info())
        return figures

    async def drain(self, _request: pb.DrainRequest, _context: Context) -> pb.DrainResponse:
        self._draining = True
        return pb.DrainResponse(finished=await asyncio.wrap_future(self._opened().drain()))

    async def shutdown(self, _request: pb.ShutdownRequest, _context: Context) -> pb.ShutdownResponse:
        self.stop()
        self._identity.lifetime.request_stop()
        return pb.ShutdownResponse()

    async def _attach(self, draft: pb.DraftModel, send: Callable[[float], Any]) -> None:
        loop, main = self._opened(), self._loaded()
        if not draft.HasField("model"):
            raise invalid("draft", "No draft is named.")
        _refuse_other_engine(draft.engine_id, "draft.engine_id")
        # Refuses what is wrong in them; a draft has the main model's context and slots.
        Placement.read(draft.settings, "load.draft")
        # Judged before anything is loaded: a vocabulary that does not fit costs neither time nor memory.
        verdict = judge(main.side, await asyncio.to_thread(Side.read, draft.model, "draft.model.path"))
        if verdict.verdict == pb.VERDICT_REFUSED:
            reasons = " ".join(failed.message for failed in verdict.failed)
            reason = f"{draft.model.key} cannot draft for {main.key}: {reasons}"
            raise precondition("draft_vocab_mismatch", reason, "Choose a draft of the same family.", "draft_model")
        model = await follow(loop, load_model(self._library.result(), draft.model, "draft.model.path"), send)
        await asyncio.wrap_future(loop.call(lambda: put_in_draft(loop, model, draft)))

    def _describe(self, model: Model, seconds: float) -> pb.LoadedModel:
        loop = self._opened()
        folder = model.folder
        loaded = pb.LoadedModel(
            architecture=folder.architecture,
            description=model.description,
            parameter_count=folder.parameter_count,
            file_size=folder.file_size,
            layer_count=folder.number("num_hidden_layers"),
            embedding_length=folder.number("hidden_size"),
            context_length=self._placement.context_length,
            trained_context_length=folder.number("max_position_embeddings"),
            parallel=self._placement.parallel,
            tokenizer=model.tokenizer.describe(folder.embedding_rows),
            chat_template=model.tokenizer.template,
            memory=memory.of(loop, model),
            settings=self._placement.settings(),
            can_generate=True,
            cache_can_trim=loop.slots[0].main.can_trim,
            load_seconds=seconds,
        )
        if loop.draft is not None:
            loaded.draft.CopyFrom(self._draft_info())
        return loaded

    def _draft_info(self) -> pb.DraftInfo:
        loop = self._opened()
        draft = loop.draft
        if draft is None:
            return pb.DraftInfo(revision=loop.revision)
        return pb.DraftInfo(
            key=draft.key,
            description=draft.description,
            tokenizer=draft.tokenizer.describe(draft.folder.embedding_rows),
            revision=loop.revision,
            settings=self._placement.settings(),
            parameter_count=draft.folder.parameter_count,
        )

    def _opened(self) -> "InferenceLoop":
        if self._loop is None:
            raise unavailable("starting", "The worker is starting.", retry_after=0.1)
        return self._loop

    def _loaded(self) -> Model:
        if self._model is None:
            raise precondition("no_model", "This worker has no model yet.", "Call LoadModel first.")
        return self._model


def _refuse_other_engine(engine_id: str, field: str) -> None:
    if engine_id in ("", facts.ENGINE_ID):
        return
    if field.startswith("draft"):
        reason = f"The draft belongs to the engine {engine_id}; this worker is {facts.ENGINE_ID}."
        raise precondition("draft_engine_mismatch", reason, f"Choose a draft that {facts.ENGINE_ID} runs.", field)
    raise precondition("engine_mismatch", f"The model belongs to the engine {engine_id}; this worker is {facts.ENGINE_ID}.", field=field)
