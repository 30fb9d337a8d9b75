from mlx_engine.inference.costs import PassCosts
from mlx_engine.inference.measure import refined
from mlx_engine.messages import pb
from mlx_engine.speculation.length import Acceptance, Costs, LengthChooser

DRAFT, NGRAM = pb.ORIGIN_DRAFT, pb.ORIGIN_NGRAM
# Wide passes cost little, as on a GPU; and nearly as much as their tokens one by one, as on a CPU.
FLAT = Costs(((1, 1.0), (8, 1.1), (16, 1.6)), draft=0.1, draft_reading=0.001)
STEEP = Costs(((1, 1.0), (2, 1.85), (8, 7.0)), draft=0.3, draft_reading=0.3)


def test_a_pass_between_and_beyond_the_measured_widths_is_on_a_line() -> None:
    assert STEEP.pass_of(1) == 1.0
    assert abs(STEEP.pass_of(5) - (1.85 + 5.15 * 3 / 6)) < 1e-9
    assert abs(STEEP.pass_of(10) - (7.0 + 5.15 * 2 / 6)) < 1e-9


def test_a_good_draft_is_long_where_wide_passes_are_cheap() -> None:
    assert LengthChooser(FLAT, [0.95] * 8, 16).choose(DRAFT, 32) >= 6


def test_a_limit_is_kept() -> None:
    assert LengthChooser(FLAT, [0.99] * 8, 16).choose(DRAFT, 2) == 2
    assert LengthChooser(FLAT, [0.99] * 8, 3).choose(DRAFT, 32) == 3


def test_where_no_draft_can_pay_none_is_made_and_the_reason_says_so() -> None:
    chooser = LengthChooser(STEEP, [1.0] * 8, 16)
    for _ in range(1000):
        assert chooser.choose(DRAFT, 32) == 0
        chooser.step_is_over(0)
    assert "no draft can pay here" in chooser.reason


def test_a_nonsense_draft_is_given_up_after_a_few_steps_and_looked_at_again_rarely() -> None:
    chooser = LengthChooser(FLAT, [], 16)
    spent, steps = 0.0, 0
    for _ in range(1000):
        length = chooser.choose(DRAFT, 32)
        spent += FLAT.pass_of(length + 1) + length * FLAT.draft
        steps += 1
        if length:
            chooser.observe(DRAFT, 0, True)
        chooser.step_is_over(length)
    assert spent / steps < 1 / 0.97


def test_a_draft_that_becomes_good_again_is_used_again() -> None:
    chooser = LengthChooser(FLAT, [0.0] * 8, 16)
    longest = 0
    for _ in range(2000):
        length = chooser.choose(DRAFT, 32)
        longest = max(longest, length)
        if length:
            chooser.observe(DRAFT, length, False)
        chooser.step_is_over(length)
    assert longest >= 3


def test_positions_are_learned_apart() -> None:
    acceptance = Acceptance([], 0.7)
    for _ in range(200):
        acceptance.observe(1, True)
    first, second = acceptance.first(2)
    assert first > 0.95 and second < 0.06


def test_an_ngram_costs_no_draft() -> None:
    costs = Costs(((1, 1.0), (2, 1.4), (4, 2.0)), draft=5.0)
    chooser = LengthChooser(costs, [0.9] * 4, 16)
    assert chooser.choose(DRAFT, 8) == 0
    for _ in range(5):
        chooser.observe(NGRAM, 4, False)
    assert chooser.choose(NGRAM, 8) > 0


def test_what_decoding_measures_corrects_what_the_load_measured() -> None:
    main, draft = PassCosts(), PassCosts()
    loaded = Costs(((1, 6.0), (2, 9.0), (4, 13.0)), draft=2.0, draft_reading=0.3)
    assert refined(loaded, main, draft) == loaded
    for _ in range(20):
        main.record(1, 4.0)
        main.record(4, 12.0)
    assert refined(loaded, main, draft).main == ((1, 4.0), (2, 7.0), (4, 12.0))
    assert abs(refined(loaded, main, draft).draft - 2.0 * 4 / 6) < 1e-9
