"""What a runtime is on this machine, found out by loading it: one JSON object on standard output. Exit code 0 even when something is
broken, because the answer is the point; a library that crashes shows as this process's own end."""

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

_PAIRS = [("mlx", "mlx-cpu"), ("mlx", "mlx-metal")]
_NEEDED = ["mlx", "mlx-lm", "numpy", "tokenizers", "grpcio", "grpcio-health-checking", "protobuf"]


def run() -> int:
    report: dict[str, Any] = {
        "engine": "mlx",
        "version": _version("mlx-lm"),
        "worker_version": _worker_version(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.mac_ver()[0] or platform.release()}",
        "packages": {name: _version(name) for name in _NEEDED},
        "metal": False,
        "devices": [],
        "cpu_features": [],
        "libraries": [],
        "architectures": [],
        "broken": [],
    }
    report["broken"] = _faults()
    if not report["broken"]:
        _load(report)
    print(json.dumps(report), flush=True)
    return 0


def _faults() -> list[str]:
    """What can be told from the records of the packages, without importing any that could crash."""
    if sys.version_info < (3, 11):
        return [f"Python {platform.python_version()} is too old; 3.11 or later is needed."]
    if missing := [name for name in _NEEDED if not _version(name)]:
        return [f"The Python package {name} is not installed." for name in missing]
    mixed = [(a, b) for a, b in _PAIRS if _version(b) and _version(a) != _version(b)]
    if mixed:
        return [f"{a} {_version(a)} and {b} {_version(b)} are of different versions." for a, b in mixed]
    if not any(_version(b) for _, b in _PAIRS):
        return ["MLX's back end (mlx-cpu or mlx-metal) is not installed."]
    return []


def _load(report: dict[str, Any]) -> None:
    try:
        from ..inference.library import load
        from ..refusal import Refused
        from . import memory
    except ImportError as failure:
        report["broken"] = [f"The worker cannot be imported: {failure}"]
        return
    try:
        library = load()
    except Refused as refused:
        report["broken"] = [refused.detail.message]
        return
    report["metal"] = library.has_metal
    report["devices"] = [
        {
            "name": device.name,
            "description": device.description,
            "kind": "IntegratedGpu" if library.has_metal else "Cpu",
            "memory_total": device.memory_total,
            "memory_free": device.memory_free,
        }
        for device in memory.devices(library.has_metal)
    ]
    report["libraries"] = _loaded_libraries()
    report["architectures"] = _architectures()


def _architectures() -> list[str]:
    """By file name: importing them all would run code of packages that are not there."""
    models = Path(sys.modules["mlx_lm"].__path__[0]) / "models"
    return sorted(file.stem for file in models.glob("*.py") if file.stem not in ("__init__", "base", "cache"))


def _loaded_libraries() -> list[str]:
    if sys.platform != "linux":
        return []
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        paths = {line.split(maxsplit=5)[5].strip() for line in file if "mlx" in line and ".so" in line}
    return sorted({os.path.basename(path) for path in paths})


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _worker_version() -> str:
    from .. import __version__

    return __version__
