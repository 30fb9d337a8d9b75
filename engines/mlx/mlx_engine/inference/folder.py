"""A model folder read without MLX: configuration, headers of the weights. Bounded, whatever the files hold."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..messages import pb
from ..refusal import Refused, precondition

_LARGEST_JSON = 64 << 20
_LARGEST_HEADER = 100 << 20
_EMBEDDING_TYPES = {"bert", "modernbert", "xlm-roberta", "roberta", "nomic_bert"}


def unusable(reason: str, next_step: str = "Download the model again.", field: str = "model.path") -> Refused:
    return precondition("model_load_failed", reason, next_step, field)


@dataclass(frozen=True)
class ModelFolder:
    """Facts of config.json and of the safetensors headers."""

    path: Path
    config: dict[str, Any]
    file_size: int
    parameter_count: int
    embedding_rows: int

    @staticmethod
    def read(reference: pb.ModelReference, field: str = "model.path") -> "ModelFolder":
        """Raises the refusal that says what is wrong with the folder."""
        path = Path(reference.path)
        if not reference.path or not path.is_absolute() or not path.is_dir():
            raise unusable(f"'{reference.path}' is no folder of this machine; an MLX model is one.", field=field)
        config = read_json(path / "config.json")
        if not isinstance(config.get("model_type"), str):
            raise unusable("config.json has no model_type.", field=field)
        weights = sorted(path.glob("model*.safetensors"))
        if not weights:
            raise unusable(f"There are no weights (model*.safetensors) in {path.name}.", field=field)
        nested = config.get("text_config")
        text = nested if isinstance(nested, dict) else config
        rows = int(text.get("vocab_size") or config.get("vocab_size") or 0)
        parameters = 0
        for name, shape, kind in (tensor for file in weights for tensor in read_header(file)):
            if name.endswith("embed_tokens.weight") and shape:
                rows = max(rows, shape[0])
            parameters += _parameters(name, shape, kind, config)
        return ModelFolder(path, config, sum(file.stat().st_size for file in weights), parameters, rows)

    @property
    def architecture(self) -> str:
        return str(self.config["model_type"])

    @property
    def is_embedding(self) -> bool:
        return self.architecture in _EMBEDDING_TYPES

    def number(self, key: str, default: int = 0) -> int:
        text = self.config.get("text_config")
        for place in (text, self.config):
            value = place.get(key) if isinstance(place, dict) else None
            if isinstance(value, list) and value:
                value = value[0]
            if isinstance(value, int):
                return value
        return default

    @property
    def cache_elements_per_token(self) -> int:
        """Keys and values of one token in all layers."""
        heads = self.number("num_attention_heads", 1)
        size = self.number("head_dim") or self.number("hidden_size") // max(1, heads)
        return 2 * self.number("num_hidden_layers") * self.number("num_key_value_heads", heads) * size


def read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise unusable(f"{path.name} is larger than {_LARGEST_JSON >> 20} MiB.")
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise unusable(f"{path.name} is missing.") from None
    except (OSError, ValueError, RecursionError) as failure:
        raise unusable(f"{path.name} cannot be read: {failure}") from failure
    if not isinstance(value, dict):
        raise unusable(f"{path.name} holds no JSON object.")
    return value


def read_header(path: Path) -> Iterator[tuple[str, list[int], str]]:
    """Name, shape and type of every tensor of a safetensors file, checked against the file's length."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
            if not 0 < length <= min(_LARGEST_HEADER, size - 8):
                raise unusable(f"{path.name} is cut short or no safetensors file.")
            header = json.loads(file.read(length))
        tensors = [(name, about) for name, about in header.items() if name != "__metadata__"]
        found = [(name, [int(n) for n in about["shape"]], str(about["dtype"]), int(about["data_offsets"][1])) for name, about in tensors]
    except Refused:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as failure:
        raise unusable(f"The header of {path.name} cannot be read: {failure}") from failure
    for name, shape, kind, end in found:
        if end > size - 8 - length:
            raise unusable(f"{path.name} is cut short: {name} ends behind the end of the file.")
        yield name, shape, kind


def _parameters(name: str, shape: list[int], kind: str, config: dict[str, Any]) -> int:
    """Weights of a tensor; scales and offsets of quantised ones are none."""
    if name.endswith((".scales", ".biases")):
        return 0
    count = 1
    for length in shape:
        count *= length
    quantization = config.get("quantization")
    if kind != "U32" or not isinstance(quantization, dict):
        return count
    own = quantization.get(name.removesuffix(".weight"))
    bits = own.get("bits") if isinstance(own, dict) else quantization.get("bits")
    return count * 32 // bits if isinstance(bits, int) and bits > 0 else count
