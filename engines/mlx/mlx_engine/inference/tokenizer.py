"""A model's tokenizer: tokenizer.json as it is, read with `tokenizers` (transformers would rebuild parts of it by class name)."""

import hashlib
import json
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

from ..messages import pb
from ..refusal import invalid
from .folder import read_json, unusable

_MOST_TOKENS = 1 << 21
# Texts by which published models end a turn; config files often name only one of them.
_END_TEXTS = {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "</s>", "<|return|>"}
_TURN_TEXTS = ("<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>")


class Tokenizer:
    """Immutable after its construction; used by all threads."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer as Library

        path = folder / "tokenizer.json"
        self._file = read_json(path)
        try:
            self._library = Library.from_file(str(path))
        except Exception as failure:
            raise unusable(f"tokenizer.json cannot be used: {failure}") from failure
        # Special tokens are found by this class, in template text only.
        self._library.encode_special_tokens = True
        self._settings = _optional(folder / "tokenizer_config.json")
        self._added = [token for token in self._file.get("added_tokens") or [] if isinstance(token, dict)]
        self.texts = self._read_texts()
        self._special = {str(t["content"]): t for t in self._added if t.get("special") and t.get("content")}
        self._special_ids = {int(t["id"]) for t in self._special.values()}
        self.eos_ids = _end_ids(folder)
        self.template = self._read_template(folder)

    @property
    def size(self) -> int:
        return len(self.texts)

    @cached_property
    def kind(self) -> str:
        return str(self._file["model"].get("type") or "")

    @cached_property
    def pre_tokenizer(self) -> str:
        """Its type and the start of a hash over its settings."""
        settings = self._file.get("pre_tokenizer")
        if settings is None:
            return "none"
        digest = hashlib.sha256(json.dumps(settings, separators=(",", ":")).encode()).hexdigest()
        return f"{settings.get('type', '?')}#{digest[:8]}"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over, for each id in order: the id and the length of its text in bytes as 4 bytes each, little endian, and the text."""
        digest = hashlib.sha256()
        for token, text in enumerate(self.texts):
            digest.update(struct.pack("<ii", token, len(text)))
            digest.update(text)
        return digest.hexdigest()

    @cached_property
    def bos(self) -> int:
        return self._id_of("bos_token")

    @cached_property
    def eos(self) -> int:
        return min(self.eos_ids) if len(self.eos_ids) == 1 else self._id_of("eos_token")

    @cached_property
    def end_of_generation(self) -> frozenset[int]:
        """Every token that ends a text."""
        named = {token for text in _END_TEXTS if (token := self._find(text)) >= 0 and token in self._special_ids}
        return frozenset(token for token in {*self.eos_ids, self.eos, *named} if 0 <= token < self.size)

    @cached_property
    def add_bos(self) -> bool:
        given = self._settings.get("add_bos_token")
        return given if isinstance(given, bool) else self.bos >= 0 and self.bos in self._added_by_library[:1]

    @cached_property
    def add_eos(self) -> bool:
        given = self._settings.get("add_eos_token")
        return given if isinstance(given, bool) else self.eos >= 0 and self.eos in self._added_by_library[1:]

    @cached_property
    def _added_by_library(self) -> list[int]:
        """What the file's own post-processor puts around an empty text."""
        return list(self._library.encode("", add_special_tokens=True).ids)

    def is_control(self, token: int) -> bool:
        """True for tokens that are no visible text."""
        return token in self._special_ids

    def spelled(self, token: int) -> str:
        """As the file spells it; templates write control tokens so."""
        return self.texts[token].decode("utf-8", "replace")

    def piece(self, token: int, special: bool = False) -> bytes:
        """Bytes a token adds to the text; of a control token only when asked for."""
        if token in self._special_ids:
            return self.texts[token] if special else b""
        return self._pieces[token]

    def tokenize(self, prompt: pb.Prompt) -> list[int]:
        """Control tokens are looked for in template text only; what lies between two of them is tokenized as one text, whoever wrote it."""
        tokens: list[int] = [self.bos] if prompt.add_special and self.add_bos and self.bos >= 0 else []
        text = _PendingText()
        for index, segment in enumerate(prompt.segments):
            content = segment.WhichOneof("content")
            if content == "text" and segment.text.parse_special:
                self._add_template_text(segment.text.text, text, tokens)
            elif content == "text":
                text.add(segment.text.text)
            elif content == "tokens":
                self._flush(text, tokens)
                tokens.extend(self.check_ids(segment.tokens.ids, f"prompt.segments[{index}].tokens"))
            elif content == "media":
                field = f"prompt.segments[{index}].media"
                raise invalid(field, "This worker takes no images or sound.", "Use a GGUF model with a projector.", "images_not_supported")
            else:
                raise invalid(f"prompt.segments[{index}]", "The segment has no content.")
        self._flush(text, tokens)
        if prompt.add_special and self.add_eos and self.eos >= 0:
            tokens.append(self.eos)
        return tokens

    def check_ids(self, ids: Any, field: str) -> list[int]:
        for token in ids:
            if not 0 <= token < self.size:
                raise invalid(field, f"Token {token} is outside the vocabulary of {self.size}.")
        return list(ids)

    def describe(self, padded_size: int) -> pb.TokenizerInfo:
        turn = next((token for text in _TURN_TEXTS if (token := self._find(text)) >= 0), -1)
        return pb.TokenizerInfo(
            kind=self.kind,
            pre_tokenizer=self.pre_tokenizer,
            size=self.size,
            padded_size=max(padded_size, self.size),
            fingerprint=self.fingerprint,
            bos=self.bos,
            eos=self.eos,
            eot=turn,
            add_bos=self.add_bos,
            add_eos=self.add_eos,
            bos_text=self.spelled(self.bos) if self.bos >= 0 else "",
            eos_text=self.spelled(self.eos) if self.eos >= 0 else "",
            end_of_generation=sorted(self.end_of_generation),
            fim_prefix=self._find("<|fim_prefix|>"),
            fim_suffix=self._find("<|fim_suffix|>"),
            fim_middle=self._find("<|fim_middle|>"),
        )

    def _add_template_text(self, source: str, text: "_PendingText", tokens: list[int]) -> None:
        while True:
            at, control = self._next_control(source)
            if at < 0:
                text.add(source)
                return
            text.add(source[:at])
            about = self._special[control]
            if about.get("lstrip"):
                text.trim_end()
            self._flush(text, tokens)
            tokens.append(int(about["id"]))
            text.strip_next = bool(about.get("rstrip"))
            source = source[at + len(control) :]

    def _next_control(self, source: str) -> tuple[int, str]:
        """The first control text; of several at one place the longest: some begin with another."""
        found = [(at, -len(text), text) for text in self._special if (at := source.find(text)) >= 0]
        return (min(found)[0], min(found)[2]) if found else (-1, "")

    def _flush(self, text: "_PendingText", tokens: list[int]) -> None:
        if joined := text.take():
            tokens.extend(self._library.encode(joined, add_special_tokens=False).ids)

    def _find(self, text: str) -> int:
        token = self._library.token_to_id(text)
        return -1 if token is None else token

    def _id_of(self, key: str) -> int:
        value = self._settings.get(key)
        text = value.get("content") if isinstance(value, dict) else value
        return self._find(text) if isinstance(text, str) and text else -1

    def _read_texts(self) -> list[bytes]:
        model = self._file.get("model")
        vocabulary = model.get("vocab") if isinstance(model, dict) else None
        if isinstance(vocabulary, dict):
            pairs = [(token, text) for text, token in vocabulary.items()]
        elif isinstance(vocabulary, list):
            pairs = [(token, entry[0]) for token, entry in enumerate(vocabulary)]
        else:
            raise unusable("tokenizer.json model.vocab is missing.")
        pairs += [(token.get("id"), token.get("content")) for token in self._added]
        texts: dict[int, bytes] = {}
        for token, text in pairs:
            if not isinstance(token, int) or not isinstance(text, str) or not 0 <= token < _MOST_TOKENS:
                raise unusable(f"tokenizer.json has the id {token!r}, which is not between 0 and {_MOST_TOKENS}.")
            texts[token] = text.encode("utf-8", "surrogatepass")
        return [texts.get(token, b"") for token in range(max(texts, default=-1) + 1)]

    @cached_property
    def _pieces(self) -> list[bytes]:
        decoders = {str(d.get("type")): d for d in _decoders(self._file.get("decoder"))}
        added = {int(token["id"]) for token in self._added}
        if "ByteLevel" in decoders:
            return [t if token in added else _from_byte_level(t) for token, t in enumerate(self.texts)]
        has_bytes = "ByteFallback" in decoders
        return [t if token in added else _from_spaced(t, has_bytes) for token, t in enumerate(self.texts)]

    def _read_template(self, folder: Path) -> str:
        own = folder / "chat_template.jinja"
        if own.is_file() and own.stat().st_size <= 4 << 20:
            return own.read_text("utf-8", "replace")
        given = self._settings.get("chat_template")
        if isinstance(given, list):
            given = next((t.get("template") for t in given if isinstance(t, dict) and t.get("name") == "default"), "")
        return given if isinstance(given, str) else ""


class _PendingText:
    """Text between two control tokens, collected over segments."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.strip_next = False

    def add(self, part: str) -> None:
        if self.strip_next:
            part = part.lstrip()
            self.strip_next = not part
        self._parts.append(part)

    def trim_end(self) -> None:
        self._parts = ["".join(self._parts).rstrip()]

    def take(self) -> str:
        joined = "".join(self._parts)
        self._parts = []
        return joined


def _end_ids(folder: Path) -> list[int]:
    """generation_config.json is newer than config.json where both say something."""
    for name in ("generation_config.json", "config.json"):
        value = _optional(folder / name).get("eos_token_id")
        ids = value if isinstance(value, list) else [value]
        if found := [token for token in ids if isinstance(token, int)]:
            return found
    return []


def _optional(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _decoders(decoder: Any) -> list[dict[str, Any]]:
    if not isinstance(decoder, dict):
        return []
    return [d for d in decoder.get("decoders") or [] if isinstance(d, dict)] if decoder.get("type") == "Sequence" else [decoder]


def _byte_alphabet() -> dict[str, int]:
    """Byte-level BPE spells bytes as printable characters: those that are printable as themselves, the others from U+0100 on, in order."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + index): byte for index, byte in enumerate(others)}


_BYTES = _byte_alphabet()


def _from_byte_level(text: bytes) -> bytes:
    spelled = text.decode("utf-8", "replace")
    if all(character in _BYTES for character in spelled):
        return bytes(_BYTES[character] for character in spelled)
    return text


def _from_spaced(text: bytes, has_bytes: bool) -> bytes:
    """SentencePiece spells a space as U+2581, and with byte fallback a lone byte as <0xNN>."""
    if has_bytes and len(text) == 6 and text.startswith(b"<0x") and text.endswith(b">"):
        return bytes.fromhex(text[3:5].decode())
    return text.replace("▁".encode(), b" ")
