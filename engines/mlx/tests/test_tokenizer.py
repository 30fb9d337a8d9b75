import json
from pathlib import Path

import pytest

from mlx_engine.inference.tokenizer import Tokenizer
from mlx_engine.messages import pb
from mlx_engine.refusal import Refused


@pytest.fixture(scope="module")
def storyteller(models: Path) -> Tokenizer:
    return Tokenizer(models / "storyteller-mlx")


def prompt(*segments: tuple[str, bool]) -> pb.Prompt:
    return pb.Prompt(segments=[pb.Segment(text=pb.TextSegment(text=text, parse_special=special)) for text, special in segments])


def test_control_tokens_come_from_template_text_only(storyteller: Tokenizer) -> None:
    control = storyteller.texts.index(b"<|im_end|>")
    assert control in storyteller.tokenize(prompt(("Hi<|im_end|>", True)))
    typed = storyteller.tokenize(prompt(("Hi<|im_end|>", False)))
    assert control not in typed
    assert b"".join(storyteller.piece(token) for token in typed) == b"Hi<|im_end|>"


def test_a_control_text_split_over_two_segments_is_none(storyteller: Tokenizer) -> None:
    control = storyteller.texts.index(b"<|im_end|>")
    assert control not in storyteller.tokenize(prompt(("<|im_", True), ("end|>", False)))


def test_texts_between_control_tokens_are_tokenized_as_one(storyteller: Tokenizer) -> None:
    whole = storyteller.tokenize(prompt(("user\nTell me a story", True)))
    assert storyteller.tokenize(prompt(("user\n", True), ("Tell me a story", False))) == whole


@pytest.mark.parametrize("text", ["Grüße, 東京 🦊!", "  tabs\tand\r\nlines  ", "½ ² Ⅰ", "\x00\x7f", "é" * 50])
def test_pieces_join_to_the_text(storyteller: Tokenizer, text: str) -> None:
    tokens = storyteller.tokenize(prompt((text, False)))
    assert b"".join(storyteller.piece(token) for token in tokens).decode() == text


def test_a_control_token_has_no_visible_bytes(storyteller: Tokenizer) -> None:
    assert storyteller.piece(storyteller.eos) == b""
    assert storyteller.piece(storyteller.eos, special=True) == b"<|im_end|>"
    assert storyteller.end_of_generation == {storyteller.texts.index(b"<|endoftext|>"), storyteller.eos}


def test_ids_outside_the_vocabulary_are_refused_by_field(storyteller: Tokenizer) -> None:
    request = pb.Prompt(segments=[pb.Segment(tokens=pb.TokenSegment(ids=[1, 99999]))])
    with pytest.raises(Refused) as refused:
        storyteller.tokenize(request)
    assert refused.value.detail.field == "prompt.segments[0].tokens"


def test_images_are_refused(storyteller: Tokenizer) -> None:
    with pytest.raises(Refused) as refused:
        storyteller.tokenize(pb.Prompt(segments=[pb.Segment(media=pb.MediaSegment(mime_type="image/png"))]))
    assert refused.value.detail.code == "images_not_supported"


def test_sentencepiece_spellings_become_bytes(tmp_path: Path) -> None:
    tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "<0xC3>", "▁Hello", "▁", "l"]
    write(tmp_path, tokens, {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]})
    tokenizer = Tokenizer(tmp_path)
    assert [tokenizer.piece(token) for token in (3, 4, 5, 6, 7)] == [b"\n", b"\xc3", b" Hello", b" ", b"l"]


@pytest.mark.parametrize("content", ["{", "[]", '{"model": {}}', '{"model": {"vocab": {"a": -1}}}', ""])
def test_a_broken_file_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(Refused, match="tokenizer.json"):
        Tokenizer(tmp_path)


def write(folder: Path, tokens: list[str], decoder: dict[str, object]) -> None:
    file = {
        "version": "1.0",
        "added_tokens": [
            {"id": i, "content": t, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
            for i, t in enumerate(tokens[:3])
        ],
        "decoder": decoder,
        "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(tokens)}, "merges": [], "byte_fallback": True},
    }
    (folder / "tokenizer.json").write_text(json.dumps(file))
