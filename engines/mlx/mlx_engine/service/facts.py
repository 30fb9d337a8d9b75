"""What Handshake and the probe say of this engine."""

import os
from importlib.metadata import PackageNotFoundError, version

from .. import __version__
from ..messages import pb
from ..speculation.settings import SAMPLING_SETTINGS, SPECULATION_SETTINGS

ENGINE_ID = "mlx"
CAPABILITIES = ["speculation.draft", "speculation.ngram", "speculation.hot", "logprobs", "prompt_cache", "estimate"]
_LOAD_SETTINGS = ["context_length", "parallel", "batch_size", "seed"]
SETTINGS = [
    *(f"{prefix}.{name}" for prefix in ("load", "load.draft") for name in _LOAD_SETTINGS),
    *SAMPLING_SETTINGS,
    *SPECULATION_SETTINGS,
    "prompt.segments.text",
    "prompt.segments.tokens",
    "prompt.add_special",
    "stop",
    "max_tokens",
    "seed",
    "top_logprobs",
    "progress_interval",
    "cache_prompt",
    "overflow",
]


def engine() -> pb.EngineInfo:
    build = f"mlx {version_of('mlx')}"
    return pb.EngineInfo(id=ENGINE_ID, version=version_of("mlx-lm"), build=build, worker_version=__version__, pid=os.getpid())


def version_of(package: str) -> str:
    """Empty when the package is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
