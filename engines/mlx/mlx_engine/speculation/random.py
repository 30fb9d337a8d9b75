"""Random numbers that are a function of (seed, position, purpose): no state, so neither other requests nor earlier drafts can shift them.

Philox 4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011); the same numbers as the
llama.cpp worker draws.
"""

from enum import IntEnum

_MASK = 0xFFFFFFFF


class Purpose(IntEnum):
    """What a number is for. The same number may not draw a draft token and decide about it."""

    DRAFT = 0
    ACCEPTANCE = 1
    MAIN = 2


class CounterRandom:
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniform(self, position: int, purpose: Purpose) -> float:
        """A uniform number in [0, 1) with 53 random bits, for the token at this index of the answer."""
        counter = (position & _MASK, (position >> 32) & _MASK, int(purpose), 0)
        first, second, _, _ = block(counter, self.seed & _MASK, (self.seed >> 32) & _MASK)
        return ((second << 32 | first) >> 11) / (1 << 53)


def block(counter: tuple[int, int, int, int], key0: int, key1: int) -> tuple[int, int, int, int]:
    """The bare function of the paper: ten rounds over a counter of four words under a key of two."""
    c0, c1, c2, c3 = counter
    for _ in range(10):
        first = 0xD2511F53 * c0
        second = 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (second >> 32) ^ c1 ^ key0, second & _MASK, (first >> 32) ^ c3 ^ key1, first & _MASK
        key0 = (key0 + 0x9E3779B9) & _MASK
        key1 = (key1 + 0xBB67AE85) & _MASK
    return c0, c1, c2, c3
