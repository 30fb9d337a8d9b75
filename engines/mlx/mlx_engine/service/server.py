"""Serves the contract on a Unix socket until the end is asked for. One asyncio thread answers every call, health included; inference has
a thread of its own and never runs here."""

import asyncio
import json
import os
import stat
import sys
import time

import grpc
import grpc.aio

from .. import log
from ..process import Identity
from .calls import ContractHandler
from .service import MlxService

CANNOT_LISTEN = 3
PROTOCOL = 1
STOP_SECONDS = 5.0
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
# sun_path holds 104 bytes on macOS, 108 on Linux, a zero byte included.
LONGEST_PATH = 100


def serve(identity: Identity) -> int:
    """Listens, prints the start line, serves, ends. Returns the exit code."""
    return asyncio.run(_serve(identity))


async def _serve(identity: Identity) -> int:
    endpoint = _endpoint(identity.socket_directory)
    if endpoint is None:
        return CANNOT_LISTEN
    service = MlxService(identity)
    options = [
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.so_reuseport", 0),
    ]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((ContractHandler(identity, service),))
    try:
        port = server.add_insecure_port(endpoint)
        await server.start()
    except RuntimeError as failure:
        log.error(5004, f"cannot listen on {endpoint}: {failure}")
        return CANNOT_LISTEN
    if endpoint.startswith("127."):
        endpoint = f"http://127.0.0.1:{port}"
    print(json.dumps({"endpoint": endpoint, "pid": os.getpid(), "protocol": PROTOCOL}), flush=True)
    log.info(5000, f"listening on {endpoint}, {_milliseconds_since_start()} ms after the start of the process")
    service.begin()

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    identity.lifetime.on_stop(lambda: loop.call_soon_threadsafe(stopping.set))
    await stopping.wait()
    log.info(5003, "ending")
    service.stop()
    await server.stop(STOP_SECONDS)
    return 0


def _endpoint(directory: str) -> str | None:
    """Where to listen; None, with the reason on standard error, when the folder is not private."""
    if sys.platform == "win32":
        return "127.0.0.1:0"
    path = os.path.join(directory, f"{_base36(os.getpid())}.s")
    about = os.lstat(directory)
    reason = ""
    if stat.S_IMODE(about.st_mode) != 0o700:
        reason = f"{directory} must be open to its owner only (0700)"
    elif about.st_uid != os.geteuid():
        reason = f"{directory} belongs to another user"
    elif len(os.fsencode(path)) > LONGEST_PATH:
        reason = f"{path} is longer than {LONGEST_PATH} bytes"
    if reason:
        print(f"worker cannot listen: {reason}", file=sys.stderr, flush=True)
        return None
    if os.path.lexists(path):
        # Left by a dead worker that had the same pid.
        os.unlink(path)
    return f"unix:{path}"


def _base36(value: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while value:
        value, rest = divmod(value, 36)
        text = digits[rest] + text
    return text


def _milliseconds_since_start() -> int:
    """From the start of the process as the kernel counts it; from that of Python's clock elsewhere."""
    if sys.platform == "linux":
        with open("/proc/self/stat", encoding="ascii") as file:
            ticks = int(file.read().rsplit(")", 1)[1].split()[19])
        return int((time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")) * 1000)
    return int(time.process_time() * 1000)
