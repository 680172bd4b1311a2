from pipeline.adapters.faust.watchdog import ProgressJudge, Standing


def judge() -> ProgressJudge:
    return ProgressJudge(patience_s=60)


def test_a_commit_that_stands_still_while_records_wait_is_stuck_after_the_patience() -> None:
    judging = judge()
    assert judging.stuck({("t", 0): Standing(10, 20), ("t", 1): Standing(5, 9)}, 0) == []
    assert judging.stuck({("t", 0): Standing(10, 30), ("t", 1): Standing(6, 9)}, 59) == []
    assert judging.stuck({("t", 0): Standing(10, 40), ("t", 1): Standing(7, 9)}, 60) == [("t", 0)]


def test_a_partition_without_lag_is_never_stuck() -> None:
    judging = judge()
    assert judging.stuck({("t", 0): Standing(20, 20)}, 0) == []
    assert judging.stuck({("t", 0): Standing(20, 20)}, 1000) == []
    assert judging.stuck({("t", 0): Standing(20, 21)}, 1001) == []
    assert judging.stuck({("t", 0): Standing(20, 21)}, 1060) == [("t", 0)]


def test_every_movement_starts_the_patience_anew() -> None:
    judging = judge()
    for step in range(10):
        assert judging.stuck({("t", 0): Standing(step, 100)}, step * 50) == []


def test_a_partition_that_was_taken_away_is_forgotten() -> None:
    judging = judge()
    judging.stuck({("t", 0): Standing(1, 5)}, 0)
    judging.stuck({}, 30)
    assert judging.stuck({("t", 0): Standing(1, 5)}, 70) == []


def test_lag_is_never_negative() -> None:
    assert Standing(committed=9, end=5).lag == 0
