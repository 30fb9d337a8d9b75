"""A loaded model: its network, tokenizer and caches. Used by the owner thread alone, apart from the tokenizer and the facts."""

from collections.abc import Generator
from typing import Any

from ..messages import pb
from ..refusal import Refused
from .folder import ModelFolder, unusable
from .library import Library
from .pair import Side
from .tokenizer import Tokenizer

# Weights read between two looks at the messages.
_SLICE_BYTES = 32 << 20
_BAD_FILES = ("incomplete download", "Unable to read", "Invalid json header", "header is")
_MISMATCHES = ("parameters not in model", "Missing ", "Expected shape", "missing 1 required", "required positional argument")


class Model:
    """What :func:`load` makes."""

    def __init__(self, library: Library, key: str, side: Side, net: Any, weight_bytes: int) -> None:
        self._library = library
        self.net = net
        self.key = key
        self.side = side
        self.weight_bytes = weight_bytes

    @property
    def tokenizer(self) -> Tokenizer:
        return self.side.tokenizer

    @property
    def folder(self) -> ModelFolder:
        return self.side.folder

    @property
    def has_metal(self) -> bool:
        return self._library.has_metal

    def new_cache(self) -> list[Any]:
        return self._library.make_cache(self.net)

    @property
    def description(self) -> str:
        quantization = self.folder.config.get("quantization")
        bits = quantization.get("bits") if isinstance(quantization, dict) else None
        return f"{self.folder.architecture} {_short(self.folder.parameter_count)} {f'{bits}bit' if bits else 'unquantised'}"


def load(library: Library, reference: pb.ModelReference, field: str = "model.path") -> Generator[float, None, Model]:
    """Loads in slices: yields the fraction done, returns the model. Raises the refusal that says what is wrong."""
    folder = ModelFolder.read(reference, field)
    if folder.is_embedding:
        raise unusable(f"This worker has no embeddings, and {folder.architecture} is an embedding model.", "Use it as GGUF.", field)
    side = Side(folder, Tokenizer(folder.path))
    yield 0.05
    try:
        net, weights = _read(library, folder)
        total = sum(array.nbytes for array in weights) or 1
        done = 0
        for part in _slices(weights):
            _evaluate(part)
            done += sum(array.nbytes for array in part)
            yield 0.05 + 0.95 * min(1.0, done / total)
    except (Refused, GeneratorExit):
        raise
    except BaseException as failure:  # Some architectures of mlx-lm end the process when a package of theirs is missing.
        raise _explain(failure, folder, field) from failure
    return Model(library, reference.key, side, net, done)


def run(loading: Generator[float, None, Model]) -> Model:
    """Loads without a pause."""
    while True:
        try:
            next(loading)
        except StopIteration as end:
            return end.value


def _read(library: Library, folder: ModelFolder) -> tuple[Any, list[Any]]:
    import mlx.core as mx
    from mlx.utils import tree_flatten

    net, _ = library.load(folder.path)
    if not library.has_metal:
        # On a CPU MLX computes with 16-bit numbers 5 to 40 times slower than with 32-bit ones.
        net.set_dtype(mx.float32)
    return net, [array for _, array in tree_flatten(net.parameters())]


def _slices(weights: list[Any]) -> Generator[list[Any], None, None]:
    part: list[Any] = []
    size = 0
    for array in weights:
        part.append(array)
        size += array.nbytes
        if size >= _SLICE_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def _evaluate(arrays: list[Any]) -> None:
    import mlx.core as mx

    mx.eval(arrays)


def _explain(failure: BaseException, folder: ModelFolder, field: str) -> Refused:
    text = str(failure)
    name = folder.path.name
    if "not supported" in text and "Model type" in text or isinstance(failure, SystemExit):
        reason = f"This version of mlx-lm cannot run the architecture {folder.architecture} of {name}."
        return unusable(reason, "Update the MLX runtime: tandem runtime update mlx", field)
    if "custom module" in text:
        return unusable(f"{name} brings code of its own, which is not run.", "Choose a conversion without code of its own.", field)
    if any(mark in text for mark in _BAD_FILES):
        return unusable(f"The weights of {name} are incomplete or damaged: {text}", field=field)
    if any(mark in text for mark in _MISMATCHES):
        return unusable(f"The weights of {name} do not fit its config.json: {_first_line(text)}", field=field)
    if isinstance(failure, MemoryError) or "allocate" in text:
        return unusable(f"There is not enough memory for {name}: {text}", "Choose a smaller model or quantisation.", field)
    return unusable(f"{name} cannot be loaded: {type(failure).__name__}: {_first_line(text)}", field=field)


def _first_line(text: str) -> str:
    return text.splitlines()[0][:300] if text else ""


def _short(count: int) -> str:
    for unit, size in (("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count)
