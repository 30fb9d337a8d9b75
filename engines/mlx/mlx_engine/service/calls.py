"""Around every call, health included: no call without the instance token, and no failure without an ``ErrorDetail``."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from .. import log
from ..messages import pb
from ..process import Identity
from ..refusal import Refused, internal, not_supported, unavailable
from .service import MlxService

TOKEN_HEADER = "tandem-token"
ERROR_TRAILER = "tandem-error-bin"
SERVICE = "tandem.engine.v1.Engine"
HEALTH = "grpc.health.v1.Health"

Context = grpc.aio.ServicerContext[Any, Any]
Call = Callable[[Any, Context], Awaitable[Message | None]]

_UNARY = ["Handshake", "DetachDraft", "CheckDraft", "Estimate", "Tokenize", "Detokenize", "Embed", "Stats", "Drain", "Shutdown"]
_STREAMS = ["LoadModel", "AttachDraft", "Generate"]


class ContractHandler(grpc.GenericRpcHandler):
    """Finds the handler of a method and checks the token before its request is read."""

    def __init__(self, identity: Identity, service: MlxService) -> None:
        self._token = identity.token.encode()
        self._lifetime = identity.lifetime
        self._handlers: dict[str, Any] = {}
        for name in _UNARY + _STREAMS:
            call = getattr(service, _snake(name))
            make = self._stream if name in _STREAMS else self._unary
            request = getattr(pb, f"{name}Request")
            self._handlers[f"/{SERVICE}/{name}"] = make(f"/{SERVICE}/{name}", call, request)
        self._handlers[f"/{HEALTH}/Check"] = self._unary(f"/{HEALTH}/Check", self._check_health, health_pb2.HealthCheckRequest)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        method: str = handler_call_details.method
        handler = self._handlers.get(method)
        given = dict(handler_call_details.invocation_metadata or ()).get(TOKEN_HEADER, "")
        given = given.encode() if isinstance(given, str) else given
        if hmac.compare_digest(given, self._token):
            return handler
        log.warn(5001, f"{method} refused: wrong token")
        refuse = self._refuse_stream if handler is not None and handler.response_streaming else self._refuse_unary
        return refuse

    @property
    def _refuse_unary(self) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.unary_unary_rpc_method_handler(_refuse_token)

    @property
    def _refuse_stream(self) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.unary_stream_rpc_method_handler(_refuse_token)

    def _unary(self, method: str, call: Call, request: type[Message]) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.unary_unary_rpc_method_handler(
            self._guard(method, call), request_deserializer=request.FromString, response_serializer=_serialize
        )

    def _stream(self, method: str, call: Call, request: type[Message]) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.unary_stream_rpc_method_handler(
            self._guard(method, call), request_deserializer=request.FromString, response_serializer=_serialize
        )

    def _guard(self, method: str, call: Call) -> Call:
        async def guarded(request: Any, context: Context) -> Message | None:
            try:
                return await call(request, context)
            except Refused as refused:
                await _abort(context, refused)
            except (asyncio.CancelledError, grpc.aio.AbortError):
                raise
            except Exception as bug:
                if self._lifetime.is_stopping:
                    await _abort(context, unavailable("stopping", "The worker is ending."))
                log.error(5002, f"{method} failed unexpectedly", bug)
                await _abort(context, internal(f"{method} failed unexpectedly: {type(bug).__name__}: {bug}"))

        return guarded

    async def _check_health(self, request: Any, _context: Context) -> Message:
        if request.service not in ("", SERVICE):
            raise not_supported("service", f"this worker has no service '{request.service}'")
        status = health_pb2.HealthCheckResponse
        return status(status=status.NOT_SERVING if self._lifetime.is_stopping else status.SERVING)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


async def _refuse_token(_request: bytes, context: Context) -> None:
    await _abort(
        context,
        Refused(
            grpc.StatusCode.UNAUTHENTICATED,
            "invalid_token",
            f"the metadata '{TOKEN_HEADER}' does not hold the token of this worker",
            "Only the supervisor that started a worker can call it.",
        ),
    )


async def _abort(context: Context, refused: Refused) -> NoReturn:
    await context.abort(refused.status, refused.message, ((ERROR_TRAILER, refused.detail.SerializeToString()),))
    raise refused


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
