from mlx_engine.speculation.random import CounterRandom, Purpose, block


def test_philox_gives_the_numbers_of_its_paper() -> None:
    assert block((0, 0, 0, 0), 0, 0) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    full = 0xFFFFFFFF
    assert block((full, full, full, full), full, full) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert block(pi, 0xA4093822, 0x299F31D0) == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


def test_numbers_depend_on_seed_position_and_purpose_and_on_nothing_else() -> None:
    one = CounterRandom(7)
    drawn = {one.uniform(position, purpose) for position in range(200) for purpose in Purpose}
    assert len(drawn) == 600 and all(0 <= number < 1 for number in drawn)
    assert one.uniform(5, Purpose.MAIN) == CounterRandom(7).uniform(5, Purpose.MAIN) != CounterRandom(8).uniform(5, Purpose.MAIN)
