"""Authors, personal details, slips of the keyboard, the daily rhythm and the outage."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

from pipeline.scenario.crowd import incident
from pipeline.scenario.crowd.authors import Crowd
from pipeline.scenario.crowd.personal import details, full_name
from pipeline.scenario.crowd.timeline import moments
from pipeline.scenario.texts.noise import typed

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(hours=24)


def test_audiences_are_heavy_tailed_and_loyal_customers_have_hardly_any() -> None:
    people = Crowd(Random(3), 4000, START).people
    followers = sorted(person.author.followers or 0 for person in people)
    assert 60 < median(followers) < 400
    assert sum(followers[-40:]) > sum(followers[:-40]) / 3, "one percent has much of the audience"
    loyal = [person for person in people if person.loyal]
    assert len(loyal) > 100
    assert max(person.author.followers or 0 for person in loyal) <= 60


def test_few_people_write_much() -> None:
    crowd = Crowd(Random(3), 1000, START)
    counts = Counter(crowd.anyone().author.author_id for _ in range(3000))
    assert counts.most_common(1)[0][1] >= 10
    assert sum(1 for times in counts.values() if times == 1) > 100


def test_personal_details_belong_to_nobody() -> None:
    fiction = re.compile(r"555\D?01\d\d|0?30 23125|0?89/99998|01 99 00|06 39 98")
    rng = Random(9)
    for language in ("en", "es", "de", "fr", "pt"):
        for _ in range(200):
            found = details(rng, language, full_name(rng, language))
            assert fiction.search(found["phone"]), found["phone"]
            assert re.search(r"^[\w.]+@example\.(com|org|net)$", found["email"]), found["email"]


def test_slips_never_touch_handles_tags_links_and_addresses() -> None:
    rng = Random(2)
    kept = "@acmetelecom #outage https://deals.example/offer ann.hollis7@example.com AC-123456 8:05"
    for _ in range(500):
        found = typed(rng, f"{kept} nothing works today", "en", "negative", (), 0.0)
        for part in kept.split():
            assert part.lower() in found.lower(), found


def test_careless_people_slip_and_careful_ones_do_not() -> None:
    text = "The connection drops every evening and nobody answers"
    careless = {typed(Random(n), text, "xx", "neutral", (), 0.0) for n in range(200)}
    careful = {typed(Random(n), text, "xx", "neutral", (), 1.0) for n in range(200)}
    assert len(careless) > 100
    assert len(careful) < 12, "only emoji and the first letter vary"


def test_the_outage_builds_up_over_an_hour_or_two_and_decays() -> None:
    plan = incident.plan(Random(4), START, DAY)
    assert timedelta(hours=1) <= plan.peak - plan.start <= timedelta(hours=2)
    assert plan.strength(plan.start - timedelta(seconds=1)) == 0
    assert plan.strength(plan.peak) == 1
    rising = [plan.strength(plan.start + (plan.peak - plan.start) * step / 10) for step in range(11)]
    assert rising == sorted(rising)
    assert plan.strength(plan.peak + plan.half_life) == 0.5
    assert not plan.over(plan.peak)
    assert plan.over(plan.peak + plan.half_life * 2)


def test_posts_follow_the_day_and_the_outage_has_its_share() -> None:
    rng = Random(8)
    plan = incident.plan(rng, START, DAY)
    found = moments(rng, 20_000, START, DAY, plan)
    assert found == sorted(found)
    assert found[0].at >= START
    assert found[-1].at < START + DAY
    calm = Counter(moment.at.hour for moment in found if not moment.outage)
    assert calm[20] > 4 * calm[3]
    share = sum(moment.outage for moment in found) / len(found)
    assert abs(share - incident.SHARE) < 0.02
    assert min(moment.at for moment in found if moment.outage) >= plan.start - timedelta(minutes=1)
