#!/usr/bin/env python3
"""How soon a worker can be spoken to, and how soon it has its model. Run by the Python of an MLX runtime: start.py [STARTS] [MODEL_FOLDER].

Every start is a process of its own, as the supervisor makes it. Socket: from the spawn until a call is answered. Ready: from the spawn until
LoadModel has ended, which has produced one token by then. The first start warms the caches of the files and is not counted.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import grpc

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from mlx_engine.messages import pb  # noqa: E402

_SERVICE = "/tandem.engine.v1.Engine/"
_TOKEN = "bench"


def main() -> None:
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    model = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT.parents[1] / "host" / "models" / "tandem" / "storyteller-mlx"
    socket, ready, memory = zip(*[start(model) for _ in range(starts + 1)][1:], strict=True)
    for name, seconds, goal in (("socket", socket, 0.3), ("ready", ready, 1.0)):
        print(f"{name}: {statistics.median(seconds):.2f} s, {min(seconds):.2f} to {max(seconds):.2f} (goal {goal})")
    print(f"memory of its own: {statistics.median(memory):.0f} MiB")


def start(model: Path) -> tuple[float, float, float]:
    """Seconds until the socket answers, seconds until the model is ready, MiB that are its own then."""
    with tempfile.TemporaryDirectory(prefix="tms-") as folder:
        environment = os.environ | {"TANDEM_WORKER_TOKEN": _TOKEN, "TANDEM_SUPERVISOR_PID": str(os.getpid()), "TANDEM_SOCKET_DIRECTORY": folder}
        began = time.perf_counter()
        command = [sys.executable, "-E", "-s", str(ROOT / "mlx-engine")]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
            assert worker.stdout is not None
            endpoint = json.loads(worker.stdout.readline())["endpoint"]
            with grpc.insecure_channel(endpoint, options=[("grpc.default_authority", "localhost")]) as channel:
                call(channel.unary_unary, "Stats", pb.StatsRequest())
                socket = time.perf_counter() - began
                reference = pb.ModelReference(path=str(model), key=model.name)
                *_, last = call(channel.unary_stream, "LoadModel", pb.LoadModelRequest(model=reference, engine_id="mlx"))
                ready = time.perf_counter() - began
                assert last.HasField("loaded")
                figures: Any = call(channel.unary_unary, "Stats", pb.StatsRequest())
                call(channel.unary_unary, "Shutdown", pb.ShutdownRequest())
        return socket, ready, figures.resident_private / 2**20


def call(kind: Any, name: str, request: Any) -> Any:
    answers = getattr(pb, f"{name}Response").FromString
    return kind(_SERVICE + name, request_serializer=type(request).SerializeToString, response_deserializer=answers)(
        request, metadata=[("tandem-token", _TOKEN)], timeout=60
    )


if __name__ == "__main__":
    main()
