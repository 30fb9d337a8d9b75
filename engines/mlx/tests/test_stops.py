import random

from mlx_engine.messages import pb
from mlx_engine.speculation.stops import TokenReleaser


def release(stops: list[str], pieces: list[bytes]) -> tuple[bytes, str | None, list[int]]:
    """Text that was released, the stop string found, and how many tokens were held after each."""
    releaser = TokenReleaser(stops)
    released: list[pb.Token] = []
    held: list[int] = []
    for piece in pieces:
        if releaser.add(pb.Token(piece=piece), released):
            break
        held.append(releaser.held_count)
    else:
        releaser.flush(released)
    return b"".join(token.piece for token in released), releaser.stop_string, held


def test_a_token_waits_while_its_bytes_can_belong_to_a_stop_string() -> None:
    assert release(["END"], [b"a", b"E", b"N", b"x"]) == (b"aENx", None, [0, 1, 2, 0])


def test_text_ends_before_the_first_stop_string_and_the_last_token_is_cut_short() -> None:
    assert release(["STOP"], [b"go onST", b"OPnow"])[:2] == (b"go on", "STOP")


def test_of_two_strings_that_end_together_the_longest_counts() -> None:
    assert release(["b", "ab"], [b"xab"])[:2] == (b"x", "ab")


def test_random_texts_end_where_a_plain_search_says() -> None:
    chance = random.Random(1)
    for _ in range(500):
        text = bytes(chance.choice(b"ab") for _ in range(30))
        stops = ["".join(chance.choice("ab") for _ in range(chance.randint(1, 5))) for _ in range(chance.randint(1, 3))]
        cuts = sorted(chance.sample(range(1, 30), 8))
        pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, 30], strict=True)]
        ends = [(text.find(s.encode()) + len(s), -len(s)) for s in stops if s.encode() in text]
        expected = text[: min(ends)[0] + min(ends)[1]] if ends else text
        assert release(stops, pieces)[0] == expected
