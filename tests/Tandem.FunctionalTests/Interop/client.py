"""A client of the worker contract that shares no code with Tandem.

client.py ENDPOINT ENGINE_ID MODEL: handshake, load, generate, cancel in mid-stream, a refusal. Prints one JSON object.
"""

import os
import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from contract import CLIENT_OPTIONS, ERROR_TRAILER, TOKEN_HEADER, pb, prove, say, stream, token, unary

BOUND = 120


def prompt(text):
    return pb.Prompt(segments=[pb.Segment(text=pb.TextSegment(text=text))], add_special=True)


def detail_of(error):
    trailers = dict(error.trailing_metadata() or ())
    return pb.ErrorDetail.FromString(trailers[ERROR_TRAILER]).code


def generate(channel, metadata):
    request = pb.GenerateRequest(
        request_id="whole", prompt=prompt("Once upon a time"), max_tokens=16, sampling=pb.Sampling(temperature=0)
    )
    messages = list(stream(channel, "Generate")(request, metadata=metadata, timeout=BOUND))
    steps = [message.step for message in messages if message.HasField("step")]
    end = messages[-1].finished
    return {
        "text": b"".join(t.piece for step in steps for t in step.tokens).decode("utf-8", "replace"),
        "tokens": sum(len(step.tokens) for step in steps),
        "emitted": end.emitted_tokens,
        "reason": pb.FinishReason.Name(end.reason),
    }


def cancel(channel, metadata):
    request = pb.GenerateRequest(
        request_id="cancelled",
        prompt=prompt("endless"),
        max_tokens=3000,
        sampling=pb.Sampling(temperature=0, ignore_eos=True),
    )
    call = stream(channel, "Generate")(request, metadata=metadata, timeout=BOUND)
    seen = 0
    for message in call:
        seen += len(message.step.tokens)
        if seen >= 3:
            break
    call.cancel()
    stats = unary(channel, "Stats")
    while True:
        answer = stats(pb.StatsRequest(), metadata=metadata, timeout=BOUND)
        if all(slot.phase in (pb.Slot.PHASE_UNSPECIFIED, pb.Slot.PHASE_IDLE) for slot in answer.slots):
            return {"seen": seen, "code": call.code().name, "emitted_in_all": answer.tokens_emitted}


def main():
    endpoint, engine_id, model = sys.argv[1:4]
    metadata = [(TOKEN_HEADER, token())]
    with grpc.insecure_channel(endpoint, options=CLIENT_OPTIONS) as channel:
        result = {}
        try:
            unary(channel, "Stats")(pb.StatsRequest(), timeout=BOUND)
        except grpc.RpcError as error:
            result["without_token"] = [error.code().name, detail_of(error)]
        challenge = os.urandom(32)
        hello = unary(channel, "Handshake")(
            pb.HandshakeRequest(protocol_min=1, protocol_max=1, challenge=challenge), metadata=metadata, timeout=BOUND
        )
        result["proof_holds"] = hello.proof == prove(challenge)
        result["engine"] = hello.engine.id
        health = health_pb2_grpc.HealthStub(channel)
        check = health.Check(health_pb2.HealthCheckRequest(), metadata=metadata, timeout=BOUND)
        result["health"] = health_pb2.HealthCheckResponse.ServingStatus.Name(check.status)
        load = pb.LoadModelRequest(
            model=pb.ModelReference(path=model, key="interop/model"),
            engine_id=engine_id,
            settings=pb.LoadSettings(context_length=4096, parallel=1),
        )
        events = list(stream(channel, "LoadModel")(load, metadata=metadata, timeout=BOUND))
        result["progress"] = [event.progress.fraction for event in events if event.HasField("progress")]
        result["architecture"] = events[-1].loaded.architecture
        try:
            list(stream(channel, "LoadModel")(load, metadata=metadata, timeout=BOUND))
        except grpc.RpcError as error:
            result["second_load"] = error.code().name
        result["whole"] = generate(channel, metadata)
        result["cancelled"] = cancel(channel, metadata)
        say(result)


main()
