"""What client.py and server.py share: the contract's names, and its methods without generated service stubs."""

import hashlib
import hmac
import json
import os

from tandem.engine.v1 import engine_pb2 as pb

SERVICE = "tandem.engine.v1.Engine"
TOKEN_HEADER = "tandem-token"
ERROR_TRAILER = "tandem-error-bin"
MAX_MESSAGE_BYTES = 64 * 1024 * 1024

# Kestrel refuses the percent-encoded socket path that grpcio would send as :authority.
CLIENT_OPTIONS = [
    ("grpc.default_authority", "localhost"),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
]


def token():
    return os.environ["TANDEM_WORKER_TOKEN"]


def prove(challenge):
    return hmac.new(token().encode(), challenge, hashlib.sha256).digest()


def say(value):
    print(json.dumps(value), flush=True)


def unary(channel, name):
    """A call with one answer, e.g. unary(channel, "Stats")."""
    return channel.unary_unary(
        f"/{SERVICE}/{name}",
        request_serializer=getattr(pb, f"{name}Request").SerializeToString,
        response_deserializer=getattr(pb, f"{name}Response").FromString,
    )


def stream(channel, name):
    """A call with a stream of answers, e.g. stream(channel, "Generate")."""
    return channel.unary_stream(
        f"/{SERVICE}/{name}",
        request_serializer=getattr(pb, f"{name}Request").SerializeToString,
        response_deserializer=getattr(pb, f"{name}Response").FromString,
    )
