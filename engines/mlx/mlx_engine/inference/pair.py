"""The rule for MLX pairs: same tokenizer kind and pre-tokenizer, equal text for every shared id, every id of the main model below the rows
of the draft's embedding. Ids that only the draft has are masked. The supervisor's plugin judges by the same rule from its own reading of
the files; no code is shared, and a test compares the two."""

from dataclasses import dataclass

from ..messages import pb
from .folder import ModelFolder
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class Side:
    """One model of a pair."""

    folder: ModelFolder
    tokenizer: Tokenizer

    @staticmethod
    def read(reference: pb.ModelReference, field: str) -> "Side":
        folder = ModelFolder.read(reference, field)
        return Side(folder, Tokenizer(folder.path))


def judge(main: Side, draft: Side) -> pb.CheckDraftResponse:
    answer = pb.CheckDraftResponse()
    if main.folder.is_embedding or draft.folder.is_embedding:
        kinds = ["embedding" if side.folder.is_embedding else "language" for side in (main, draft)]
        _fail(answer, "kind", kinds[0], kinds[1], "Only models that generate text can draft for one another.")
        return answer
    a, b = main.tokenizer, draft.tokenizer
    if a.kind != b.kind:
        _fail(answer, "kind", a.kind, b.kind, f"The kinds of tokenizer differ: {a.kind} in the main model, {b.kind} in the draft.")
    if a.pre_tokenizer != b.pre_tokenizer:
        reason = f"The pre-tokenizers differ: {a.pre_tokenizer} in the main model, {b.pre_tokenizer} in the draft."
        _fail(answer, "pre_tokenizer", a.pre_tokenizer, b.pre_tokenizer, reason)
    different = next((i for i, (x, y) in enumerate(zip(a.texts, b.texts, strict=False)) if x != y), None)
    if different is not None:
        texts = a.spelled(different), b.spelled(different)
        answer.first_difference.CopyFrom(pb.TokenDifference(id=different, main_text=texts[0], draft_text=texts[1]))
        _fail(answer, "text", *texts, f'Token {different} is "{texts[0]}" in the main model and "{texts[1]}" in the draft.')
    rows = max(draft.folder.embedding_rows, 0)
    if a.size > rows:
        reason = f"The main model has {a.size} tokens and the draft's embedding only {rows} rows."
        _fail(answer, "range", str(a.size), str(rows), reason)
    if not answer.failed:
        answer.verdict = pb.VERDICT_EXACT if a.size == b.size else pb.VERDICT_TOLERATED
    return answer


def other_engine(main_engine: str, draft_engine: str) -> pb.CheckDraftResponse:
    answer = pb.CheckDraftResponse()
    reason = f"The draft belongs to the engine {draft_engine}, the main model to {main_engine}: they cannot share a process."
    _fail(answer, "engine", main_engine, draft_engine, reason)
    return answer


def _fail(answer: pb.CheckDraftResponse, check: str, main: str, draft: str, message: str) -> None:
    answer.verdict = pb.VERDICT_REFUSED
    answer.failed.append(pb.FailedCheck(check=check, main_value=main, draft_value=draft, message=message))
