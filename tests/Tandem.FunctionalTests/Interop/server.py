"""A worker on grpcio that shares no code with Tandem: handshake, an answer of three tokens, and a refusal with its detail."""

import os
import sys
from concurrent import futures

import grpc

from contract import ERROR_TRAILER, MAX_MESSAGE_BYTES, SERVICE, TOKEN_HEADER, pb, prove, say, token


def refuse(context, status, **detail):
    error = pb.ErrorDetail(**detail)
    context.set_trailing_metadata([(ERROR_TRAILER, error.SerializeToString())])
    context.abort(status, error.message)


def check_token(context):
    if dict(context.invocation_metadata()).get(TOKEN_HEADER) != token():
        refuse(context, grpc.StatusCode.UNAUTHENTICATED, code="invalid_token", message="wrong token")


def handshake(request, context):
    check_token(context)
    return pb.HandshakeResponse(
        protocol=1,
        proof=prove(request.challenge),
        engine=pb.EngineInfo(id="python", pid=os.getpid()),
        capabilities=["speculation.draft"],
    )


def generate(request, context):
    check_token(context)
    if request.sampling.top_p > 1:
        refuse(
            context,
            grpc.StatusCode.INVALID_ARGUMENT,
            code="invalid_value",
            field="sampling.top_p",
            message="top_p is 0 to 1 – “größer” geht nicht",
            next_step="Give a smaller top_p.",
            retry_after=1.5,
        )
    pieces = [(b"caf\xc3", pb.ORIGIN_MAIN), (b"\xa9", pb.ORIGIN_DRAFT), (b"!", pb.ORIGIN_MAIN)]
    for number, (piece, origin) in enumerate(pieces):
        yield pb.GenerateResponse(step=pb.DecodeStep(tokens=[pb.Token(id=number, piece=piece, origin=origin)]))
    yield pb.GenerateResponse(finished=pb.Finished(reason=pb.FINISH_REASON_EOS, emitted_tokens=3))


def main():
    methods = {
        "Handshake": grpc.unary_unary_rpc_method_handler(
            handshake, pb.HandshakeRequest.FromString, pb.HandshakeResponse.SerializeToString
        ),
        "Generate": grpc.unary_stream_rpc_method_handler(
            generate, pb.GenerateRequest.FromString, pb.GenerateResponse.SerializeToString
        ),
    }
    limits = [("grpc.max_send_message_length", MAX_MESSAGE_BYTES), ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(4), options=limits)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, methods)])
    endpoint = "unix:" + os.path.join(os.environ["TANDEM_SOCKET_DIRECTORY"], "py.s")
    server.add_insecure_port(endpoint)
    server.start()
    say({"endpoint": endpoint, "pid": os.getpid(), "protocol": 1})
    sys.stdin.buffer.read()
    server.stop(None).wait()


main()
