"""Model folders that cannot be used: each is refused with what is wrong with it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlx_engine.inference.library import Library, load
from mlx_engine.inference.model import load as load_model
from mlx_engine.inference.model import run
from mlx_engine.messages import pb
from mlx_engine.refusal import Refused


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


def change_config(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        path = folder / "config.json"
        config = json.loads(path.read_text())
        change(config)
        path.write_text(json.dumps(config))

    return spoil


def cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no model_type": (change_config(lambda c: c.pop("model_type")), "model_type"),
    "unknown architecture": (change_config(lambda c: c.update(model_type="foobar")), "cannot run the architecture foobar"),
    "architecture that ends the process": (change_config(lambda c: c.update(model_type="olmo")), "cannot run the architecture olmo"),
    "a value missing": (change_config(lambda c: c.pop("hidden_size")), "do not fit its config.json"),
    "one layer too many": (change_config(lambda c: c.update(num_hidden_layers=7)), "do not fit its config.json"),
    "another vocabulary": (change_config(lambda c: c.update(vocab_size=4096)), "do not fit its config.json"),
    "quantisation removed": (change_config(lambda c: (c.pop("quantization"), c.pop("quantization_config"))), "do not fit"),
    "code of its own": (change_config(lambda c: c.update(model_file="evil.py")), "code of its own"),
    "config cut": (cut("config.json", 40), "config.json cannot be read"),
    "weights cut": (cut("model.safetensors", 200_000), "cut short"),
    "weights empty": (cut("model.safetensors", 0), "cut short"),
    "tokenizer cut": (cut("tokenizer.json", 5000), "tokenizer.json"),
    "no tokenizer": (without("tokenizer.json"), "tokenizer.json is missing"),
    "no weights": (without("model.safetensors"), "no weights"),
    "no folder": (shutil.rmtree, "is no folder"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_folder_is_refused_with_its_fault_and_advice(name: str, library: Library, models: Path, tmp_path: Path) -> None:
    spoil, text = BROKEN[name]
    folder = tmp_path / "model"
    shutil.copytree(models / "storyteller-draft-mlx", folder)
    spoil(folder)
    with pytest.raises(Refused) as refused:
        run(load_model(library, pb.ModelReference(path=str(folder), key="test/model")))
    assert refused.value.detail.code == "model_load_failed"
    assert text in refused.value.detail.message
    assert refused.value.detail.next_step


def test_sixteen_bit_numbers_become_floats_where_there_is_no_gpu(library: Library, models: Path) -> None:
    import mlx.core as mx
    from mlx.utils import tree_flatten

    model = run(load_model(library, pb.ModelReference(path=str(models / "storyteller-draft-mlx"), key="d")))
    weights: list[tuple[str, Any]] = tree_flatten(model.net.parameters())  # type: ignore[assignment]
    kinds = {array.dtype for _, array in weights}
    assert kinds <= ({mx.float32, mx.uint32} if not library.has_metal else {mx.float16, mx.bfloat16, mx.float32, mx.uint32})
