"""A panel says whether influence ranks what posts get, and no number is better than what could be known."""

import math
import random
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli import main
from pipeline.errors import Misconfigured
from pipeline.evaluation.influence import captured, judge, predict, spearman
from pipeline.evaluation.panel import Measured, outcomes, read_panel
from pipeline.influence.fit import fit
from schemas.policy.influence import InfluenceModel
from tests.builders import at

MODEL = InfluenceModel()
HEADER = "author_id,ts,followers,verified,retweets,likes,text\n"
LINE = '7,2026-01-01T0{hour}:00:00Z,100,0,1,3,"two\nlines"\n'


def panel(posts: int = 600, *, voices: bool = True) -> list[Measured]:
    """Returns posts of 60 authors. Followers tell nothing, and with `voices` each author has a level."""
    draw = random.Random(4)
    level = [draw.uniform(0, 6) if voices else 2.0 for _ in range(60)]
    made = []
    for number in range(posts):
        author = draw.randrange(60)
        made.append(
            Measured(
                author_id=str(author), ts=at() + timedelta(hours=number), followers=draw.randrange(10**4),
                likes=round(math.exp(draw.gauss(level[author], 0.5))),
            )
        )  # fmt: skip
    return made


def test_history_ranks_where_followers_tell_nothing() -> None:
    judged = {one.name: one for one in judge(predict(panel(), MODEL), resamples=50)}
    history = judged["one post or more before"]
    assert history.rank > 0.85
    assert abs(history.followers_rank) < 0.2
    assert history.gain[0] > 0.5
    assert history.capture > 2 * history.followers_capture


def test_nothing_ranks_where_all_authors_are_alike() -> None:
    whole = judge(predict(panel(voices=False), MODEL), resamples=20)[0]
    assert abs(whole.rank) < 0.15


def test_a_post_is_predicted_before_its_own_engagement_is_known() -> None:
    posts = panel()
    last = posts[-1].model_copy(update={"likes": 10**6})
    assert predict([*posts[:-1], last], MODEL).scores[-1] == predict(posts, MODEL).scores[-1]


def test_equal_values_share_their_rank() -> None:
    # The ranks are 1.5, 1.5, 3, 4 and 1, 2.5, 2.5, 4, which correlate with 3.75 / sqrt(4.5 * 4.5).
    found = spearman(np.array([1.0, 1.0, 2.0, 3.0]), np.array([5.0, 6.0, 6.0, 9.0]))
    assert found == pytest.approx(3.75 / 4.5)


def test_capture_is_the_share_of_the_tenth_with_the_highest_scores() -> None:
    scores, engagement = np.arange(20.0), np.array([1.0] * 18 + [11.0, 11.0])
    assert captured(scores, engagement) == pytest.approx(22 / 40)


def test_bad_lines_of_a_panel_are_named(tmp_path: Path) -> None:
    file = tmp_path / "panel.csv"
    file.write_text(
        HEADER + LINE.format(hour=3) + LINE.format(hour=2) + LINE.format(hour=4).replace("100", "many")
    )
    with pytest.raises(Misconfigured) as raised:
        read_panel(file)
    told = str(raised.value).splitlines()
    assert told[0].startswith(f"{file}:5: ts: is earlier")
    assert told[1].startswith(f"{file}:7: invalid_field: followers:")


def test_an_empty_field_is_unknown(tmp_path: Path) -> None:
    file = tmp_path / "panel.csv"
    file.write_text(HEADER + LINE.format(hour=1).replace("100", "") + LINE.format(hour=2))
    first, second = read_panel(file)
    assert (first.followers, second.followers, first.reposts) == (None, 100, 1)


def test_a_fit_finds_the_law_that_made_the_posts() -> None:
    draw, posts = random.Random(1), []
    for number in range(3000):
        followers, verified = round(math.exp(draw.uniform(0, 12))), draw.random() < 0.2
        mean = 0.3 + 0.25 * math.log1p(followers) + 0.6 * verified
        likes = round(max(0.0, math.expm1(draw.gauss(mean, 0.7))))
        posts.append(
            Measured(
                author_id=f"a{number}", ts=at() + timedelta(minutes=number), likes=likes, followers=followers,
                verified=verified,
            )
        )  # fmt: skip
    model = fit(outcomes(posts, MODEL), MODEL).model
    assert model.per_log_follower == pytest.approx(0.25, abs=0.02)
    assert model.verified == pytest.approx(0.6, abs=0.1)
    assert model.half_life_days == MODEL.half_life_days


def test_a_fit_prefers_a_short_memory_where_voices_change_fast() -> None:
    draw, level, posts = random.Random(2), [2.0] * 10, []
    for number in range(2000):
        author = number % 10
        level[author] = min(6.0, max(0.0, level[author] + draw.gauss(0, 0.5)))
        posts.append(
            Measured(
                author_id=str(author), ts=at() + timedelta(hours=number), followers=100,
                likes=round(math.expm1(level[author])),
            )
        )  # fmt: skip
    found = fit(outcomes(posts, MODEL), MODEL)
    assert found.model.half_life_days < 10
    assert found.errors[found.model.half_life_days, found.model.prior_posts] < found.errors[60, 1]


def test_what_a_fit_prints_is_a_section_of_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "panel.csv"
    lines = "".join(
        f"{n % 3},2026-01-{1 + n // 20:02}T{n % 20:02}:00:00Z,{n},1,{n % 4},{n % 7},x\n" for n in range(60)
    )
    file.write_text(HEADER + lines)
    with pytest.raises(SystemExit) as ended:
        main(["influence", "fit", str(file), "--json"])
    assert ended.value.code == 0
    InfluenceModel.model_validate_json(
        capsys.readouterr().out.partition('"influence":')[2].partition(',"errors"')[0]
    )
    with pytest.raises(SystemExit):
        main(["eval", "influence", str(file)])
    assert "followers alone" in " ".join(capsys.readouterr().out.split())
