"""Append times become rates and latencies, and only the posts of the measured phase count."""

import pytest

from pipeline.bench.stage.append_times import Hop, means_around, rate_once_fed, steady_rate, waits_ms, within
from pipeline.bench.stage.results import Latency


def test_a_rate_once_fed_counts_from_the_last_output_before_the_last_post_came_in() -> None:
    hops = [Hop(1000, 1500), Hop(1010, 3000), Hop(1600, 2000)]
    assert rate_once_fed(hops) == pytest.approx(2 / 1.5)


@pytest.mark.parametrize(
    "hops",
    [
        [Hop(1000, 1700), Hop(1600, 3000)],
        [Hop(1000, 1100), Hop(1100, 1200), Hop(2800, 3000)],
        [Hop(1000, 1100), Hop(3000, 3000)],
    ],
    ids=["no output until then", "the stage kept pace", "nothing came later"],
)
def test_without_a_time_alone_everything_counts_from_the_first_post(hops: list[Hop]) -> None:
    assert rate_once_fed(hops) == pytest.approx(len(hops) / 2)


def test_a_steady_rate_leaves_out_what_warms_up() -> None:
    assert steady_rate([9000, 100, 5000, 7000], warm=2) == pytest.approx(0.5)


def test_only_posts_of_the_phase_count_and_both_ends_belong_to_it() -> None:
    hops = [Hop(99, 100), Hop(100, 130), Hop(200, 260), Hop(201, 900)]
    assert within(hops, 100.7, 200) == hops[1:3]
    assert waits_ms(within(hops, 100, 200), 0.99) == 60


def test_what_lies_between_two_measurements_is_compared_with_their_mean() -> None:
    assert means_around([10, 20, 40]) == [15, 30]


def test_the_added_latency_is_what_the_engine_alone_does_not_need() -> None:
    latency = Latency(100, 50.0, p50_ms=40, p99_ms=130, batch_posts=8, engine_ms=6, batch_ms=20)
    assert latency.added_p99_ms == 124
