"""Holds tokens back until none of their bytes can still belong to a stop string, and cuts the text where one is found."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..messages import pb


@dataclass(slots=True)
class _Node:
    depth: int
    children: dict[int, int] = field(default_factory=dict[int, int])
    failure: int = 0
    match: int = -1


class StopMatcher:
    """Finds the first of several byte strings in a stream, in time linear in the bytes (Aho and Corasick, 1975). First is the one
    completed first; of several completed by the same byte, the longest."""

    def __init__(self, strings: Sequence[str]) -> None:
        self._strings = strings
        self._nodes = [_Node(0)]
        self._node = 0
        self.match: str | None = None
        for index, text in enumerate(strings):
            self._insert(text.encode(), index)
        self._link()

    @property
    def pending_length(self) -> int:
        """Bytes at the end of what was read that may be the beginning of a string."""
        return self._nodes[self._node].depth

    @property
    def match_length(self) -> int:
        return len((self.match or "").encode())

    def read(self, value: int) -> bool:
        """True when the byte completes a string. Nothing is to be read after that."""
        self._node = self._step(self._node, value)
        found = self._nodes[self._node].match
        if found < 0:
            return False
        self.match = self._strings[found]
        return True

    def _step(self, node: int, value: int) -> int:
        while value not in self._nodes[node].children and node:
            node = self._nodes[node].failure
        return self._nodes[node].children.get(value, 0)

    def _insert(self, text: bytes, index: int) -> None:
        node = 0
        for value in text:
            children = self._nodes[node].children
            if value not in children:
                children[value] = len(self._nodes)
                self._nodes.append(_Node(self._nodes[node].depth + 1))
            node = children[value]
        if node and self._nodes[node].match < 0:
            self._nodes[node].match = index

    def _link(self) -> None:
        """Breadth first: a node's failure is the longest proper suffix of its text that is in the trie."""
        queue = deque([0])
        while queue:
            parent = queue.popleft()
            for value, child in self._nodes[parent].children.items():
                failure = self._step(self._nodes[parent].failure, value) if parent else 0
                self._nodes[child].failure = failure
                if self._nodes[child].match < 0:
                    self._nodes[child].match = self._nodes[failure].match
                queue.append(child)


class TokenReleaser:
    """Tokens leave in the order they came, control tokens (no bytes) among them."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._matcher = StopMatcher(stops) if stops else None
        self._held: deque[tuple[pb.Token, int]] = deque()
        self._read = 0

    @property
    def stop_string(self) -> str | None:
        return self._matcher.match if self._matcher else None

    @property
    def held_count(self) -> int:
        return len(self._held)

    def add(self, token: pb.Token, released: list[pb.Token]) -> bool:
        """True when a stop string ends the text: everything before it has then been released, the last token cut short where the string
        begins inside it, and the rest is dropped."""
        if self._matcher is None:
            released.append(token)
            return False
        self._held.append((token, self._read))
        for value in token.piece:
            self._read += 1
            if self._matcher.read(value):
                self._cut(self._read - self._matcher.match_length, released)
                return True
        self._release_before(self._read - self._matcher.pending_length, released)
        return False

    def flush(self, released: list[pb.Token]) -> None:
        """The text has ended without a stop string: everything held is released."""
        if self.stop_string is None:
            while self._held:
                released.append(self._held.popleft()[0])

    def _cut(self, end: int, released: list[pb.Token]) -> None:
        self._release_before(end, released)
        if self._held and self._held[0][1] < end:
            token, start = self._held[0]
            token.piece = token.piece[: end - start]
            released.append(token)
        self._held.clear()

    def _release_before(self, end: int, released: list[pb.Token]) -> None:
        while self._held and self._held[0][1] + len(self._held[0][0].piece) <= end:
            released.append(self._held.popleft()[0])
