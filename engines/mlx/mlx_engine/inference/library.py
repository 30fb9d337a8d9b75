"""MLX and the parts of mlx-lm that this worker uses, imported once, on the thread that will own every MLX call.

mlx-lm's loader drags in transformers and the hub client, which take a second and 90 MiB to import and serve nothing here: the tokenizer is
read with `tokenizers` alone and models come from folders. So the package's own ``__init__`` is not run, and stand-ins take the place of
those two imports; the hub's stand-in refuses, so that no code path can fetch anything.
"""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, cast

from ..refusal import Refused, precondition

_ADVICE = "Install it again: tandem runtime get mlx"
_LoadModel = Callable[..., tuple[Any, dict[str, Any]]]


class Library:
    """What the rest of the worker calls. Made on the owner thread."""

    def __init__(self, load_model: _LoadModel, make_cache: Callable[[Any], list[Any]], version: str, has_metal: bool) -> None:
        self._load_model = load_model
        self.make_cache = make_cache
        self.version = version
        self.has_metal = has_metal

    def load(self, folder: Path) -> tuple[Any, dict[str, Any]]:
        """The network of a folder, its weights not read yet, and its configuration as mlx-lm sees it."""
        return self._load_model(folder, lazy=True)


def load() -> Library:
    """Raises a refusal that says what is wrong with the installation."""
    # Compiled functions would start a compiler on CPU, a child that nobody watches, and load its result from a shared folder.
    os.environ["MLX_DISABLE_COMPILE"] = "1"
    try:
        import mlx.core as mx

        version = getattr(mx, "__version__", None)
        if version is None:
            raise broken("MLX's library does not fit this Python: the package was made for another version of it.")
        mx.disable_compile()
        load_model, make_cache = _import_mlx_lm()
        mx.eval(mx.ones((2, 2)) @ mx.ones((2, 2)))
        return Library(load_model, make_cache, version, mx.metal.is_available())
    except Refused:
        raise
    except BaseException as failure:
        raise broken(explain(failure)) from failure


def explain(failure: BaseException) -> str:
    """A sentence for what an import of MLX or mlx-lm failed with."""
    text = f"{type(failure).__name__}: {failure}"
    if isinstance(failure, ModuleNotFoundError):
        return f"The Python package {failure.name} is not installed."
    if "libmlx" in text and "cannot open shared object" in text:
        return f"MLX's back end (mlx-cpu or mlx-metal) is missing: {failure}"
    if "undefined symbol" in text or "Symbol not found" in text:
        return f"MLX and its back end are of different versions: {failure}"
    if "cannot open shared object" in text or "Library not loaded" in text:
        return f"A library that MLX needs is missing: {failure}"
    if any(mark in text for mark in ("file too short", "cannot read file data", "invalid ELF header", "not a mach-o file")):
        return f"A library of MLX is damaged: {failure}"
    if "metallib" in text or "No Metal device" in text:
        return f"MLX cannot use the GPU: {failure}"
    return f"MLX cannot be loaded: {text}"


def broken(reason: str) -> Refused:
    return precondition("runtime_broken", reason, _ADVICE)


def _import_mlx_lm() -> tuple[_LoadModel, Callable[[Any], list[Any]]]:
    import resource

    spec = importlib.util.find_spec("mlx_lm")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'mlx_lm'", name="mlx_lm")
    package = ModuleType("mlx_lm")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules["mlx_lm"] = package
    _stand_in("huggingface_hub", snapshot_download=_no_download)
    _stand_in("mlx_lm.tokenizer_utils", TokenizerWrapper=object, load=_no_download)
    # The import lowers the limit of open files for the whole process, for good.
    set_limit = resource.setrlimit
    resource.setrlimit = _leave_limit
    try:
        from mlx_lm.models.cache import make_prompt_cache
        from mlx_lm.utils import load_model
    finally:
        resource.setrlimit = set_limit
    return cast(_LoadModel, load_model), make_prompt_cache


def _stand_in(name: str, **members: object) -> None:
    module = ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def _leave_limit(*_arguments: object) -> None:
    """In place of setrlimit."""


def _no_download(*_arguments: object, **_named: object) -> NoReturn:
    raise RuntimeError("Models are loaded from folders only.")
