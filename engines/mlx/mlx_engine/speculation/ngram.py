"""Drafts from the text itself: what followed when its last tokens stood there before. Costs nothing; wins on code, lists and quotations."""

from collections.abc import Sequence

_LENGTH = 3
_PLACES = 8
_LONGEST_MATCH = 16


class NgramIndex:
    """Of one sequence; grows with its text and is made anew for another."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, ...], list[int]] = {}
        self._indexed = _LENGTH

    def match(self, tokens: Sequence[int], limit: int) -> list[int]:
        """At most so many tokens that followed the longest repetition of the text's end; empty without one."""
        if len(tokens) <= _LENGTH or limit <= 0:
            return []
        self._index(tokens)
        best, longest = -1, 0
        for place in reversed(self._places.get(tuple(tokens[-_LENGTH:]), ())):
            length = self._match_length(tokens, place)
            if length > longest:
                best, longest = place, length
        return [] if best < 0 else list(tokens[best : best + limit])

    def _index(self, tokens: Sequence[int]) -> None:
        """Adds the places at which an n-gram is followed by a token."""
        for end in range(self._indexed, len(tokens)):
            gram = tuple(tokens[end - _LENGTH : end])
            places = self._places.setdefault(gram, [])
            places.append(end)
            if len(places) > _PLACES:
                del places[0]
        self._indexed = max(self._indexed, len(tokens))

    @staticmethod
    def _match_length(tokens: Sequence[int], place: int) -> int:
        length = 0
        while length < min(place, _LONGEST_MATCH) and tokens[place - 1 - length] == tokens[-1 - length]:
            length += 1
        return length
