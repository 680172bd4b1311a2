"""The detector hears a surge, and is silent where nothing is out of the ordinary."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends.detector import REFRACTORY_S, WARM_UP_S, Bin, Detector, Reading
from pipeline.trends.surprise import surprise
from pipeline.trends.threshold import LEAST, MOST

DAY_S = 86_400
WIDTHS = (60, 300, 600, 3600)


def stream(bin_s: int, days: int, an_hour: float, seed: int = 1) -> list[Bin]:
    """Bins of a key whose posts come by chance alone."""
    chance = random.Random(seed)
    mean = an_hour * bin_s / 3600
    # A normal law stands for the Poisson one, which the standard library has not.
    return [Bin(at, max(0, round(chance.gauss(mean, mean**0.5)))) for at in range(0, days * DAY_S, bin_s)]


def with_surge(bins: list[Bin], day: float, hours: float, change: Callable[[Bin], Bin]) -> list[Bin]:
    return [change(bin_) if 0 <= bin_.start_s - day * DAY_S < hours * 3600 else bin_ for bin_ in bins]


def tenfold(bin_: Bin) -> Bin:
    return bin_._replace(posts=bin_.posts * 10)


def judged(bin_s: int, bins: list[Bin]) -> list[Reading]:
    detector = Detector(bin_s)
    return [detector.see(bin_) for bin_ in bins]


def alarms(bin_s: int, bins: list[Bin]) -> list[float]:
    return [bin_.start_s for bin_, reading in zip(bins, judged(bin_s, bins), strict=True) if reading.alarm]


@pytest.mark.parametrize("bin_s", WIDTHS)
def test_a_tenfold_surge_alarms_within_twenty_minutes_or_its_first_bin(bin_s: int) -> None:
    bins = with_surge(stream(bin_s, 10, 60), 8.5, 2, tenfold)
    after = [at - 8.5 * DAY_S for at in alarms(bin_s, bins) if at >= 8.5 * DAY_S]
    assert after
    assert 0 <= after[0] + bin_s <= max(1200, bin_s)


@pytest.mark.parametrize("bin_s", WIDTHS)
def test_a_key_that_strays_by_chance_alone_is_hardly_ever_alarmed(bin_s: int) -> None:
    assert len(alarms(bin_s, stream(bin_s, 14, 40))) <= 1


def test_the_first_two_days_are_silent() -> None:
    assert alarms(600, with_surge(stream(600, 2, 60), 1.5, 1, tenfold)) == []
    assert WARM_UP_S == 2 * DAY_S


def test_a_surge_that_lasts_alarms_anew_after_three_hours_and_not_before() -> None:
    found = alarms(600, with_surge(stream(600, 10, 60), 8, 7, tenfold))
    assert len(found) >= 2
    assert all(later - earlier >= REFRACTORY_S for earlier, later in pairwise(found))


def test_a_missing_bin_is_unknown_and_not_zero() -> None:
    whole = stream(600, 10, 60)
    gaps = [bin_ for number, bin_ in enumerate(whole) if number % 3]
    last = judged(600, gaps)[-1]
    # Of six bins of an hour four are there, so that about 40 posts are expected and not 60.
    assert 0.5 * last.expected < last.posts < 1.5 * last.expected
    assert alarms(600, gaps) == []


def test_a_bin_that_is_not_later_is_refused() -> None:
    detector = Detector(600)
    detector.see(Bin(600, 1))
    with pytest.raises(ValueError, match="later"):
        detector.see(Bin(600, 1))


@pytest.mark.parametrize(("share", "kind"), [(0.9, "crisis"), (0.3, "surge"), (0.0, "praise")])
def test_the_share_of_negative_posts_tells_a_crisis_from_a_joke(share: float, kind: str) -> None:
    calm = [bin_._replace(negative=0.3 * bin_.posts) for bin_ in stream(600, 10, 60)]
    bins = with_surge(
        calm, 8, 2, lambda bin_: bin_._replace(posts=10 * bin_.posts, negative=share * 10 * bin_.posts)
    )
    assert {reading.kind for reading in judged(600, bins) if reading.alarm} == {kind}


def test_a_surge_of_few_authors_is_coordinated() -> None:
    calm = [bin_._replace(authors=bin_.posts) for bin_ in stream(600, 10, 60)]
    bins = with_surge(calm, 8, 2, lambda bin_: bin_._replace(posts=10 * bin_.posts, authors=3.0))
    assert {reading.kind for reading in judged(600, bins) if reading.alarm} == {"coordinated"}


def test_a_key_with_bursts_each_day_gets_a_higher_threshold() -> None:
    chance = random.Random(3)
    noisy = [
        bin_._replace(posts=bin_.posts * 8) if chance.random() < 0.03 else bin_ for bin_ in stream(600, 14, 60)
    ]
    calm, bursty = judged(600, stream(600, 14, 60))[-1], judged(600, noisy)[-1]
    assert LEAST <= calm.threshold < bursty.threshold <= MOST


@given(
    expected=st.floats(0.01, 1e6),
    dispersion=st.floats(0.03, 4),
    posts=st.integers(0, 10**7),
    more=st.integers(1, 1000),
)
def test_more_posts_never_surprise_less(expected: float, dispersion: float, posts: int, more: int) -> None:
    assert surprise(posts, expected, dispersion) <= surprise(posts + more, expected, dispersion) + 1e-6
    assert surprise(expected, expected, dispersion) == pytest.approx(0, abs=1e-3)
