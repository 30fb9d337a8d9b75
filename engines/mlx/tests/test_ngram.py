from mlx_engine.speculation.ngram import NgramIndex


def test_what_followed_before_is_proposed() -> None:
    assert NgramIndex().match([1, 2, 3, 4, 5, 9, 1, 2, 3], 2) == [4, 5]


def test_the_longest_repetition_counts_before_the_latest() -> None:
    text = [7, 1, 2, 3, 10, 8, 1, 2, 3, 20, 7, 1, 2, 3]
    assert NgramIndex().match(text, 1) == [10]


def test_nothing_is_proposed_without_a_repetition() -> None:
    assert NgramIndex().match([1, 2, 3, 4, 5, 6], 4) == []
    assert NgramIndex().match([1, 2], 4) == []


def test_the_index_grows_with_the_text() -> None:
    index = NgramIndex()
    text = [1, 2, 3, 4]
    assert index.match(text, 4) == []
    text += [5, 6, 2, 3]
    text.append(4)
    assert index.match(text, 8) == [5, 6, 2, 3, 4]
