"""Fresh posts: what somebody writes out of the blue. Never here: what follows from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.scenario.crowd.authors import Person
from pipeline.scenario.crowd.timeline import Moment
from pipeline.scenario.crowd.world import Stage
from pipeline.scenario.texts.noise import Mood
from schemas.posts.raw import RawPost

Kind = Literal[
    "complaint", "leaving", "question", "praise", "loyal", "chatter", "direct", "review", "spam", "news",
    "outage", "restored", "status",
]  # fmt: skip
ORDINARY: dict[Kind, int] = {
    "complaint": 25, "leaving": 5, "question": 14, "praise": 15, "loyal": 4, "chatter": 12, "direct": 11,
    "review": 8, "spam": 4, "news": 2,
}  # fmt: skip
"""Percent of the posts that no outage causes."""
MOODS: dict[Kind, Mood] = {
    "complaint": "negative", "leaving": "negative", "outage": "negative", "direct": "negative",
    "praise": "positive", "loyal": "positive", "restored": "positive",
}  # fmt: skip
STARS = ((1, 28), (2, 12), (3, 12), (4, 18), (5, 30))
"""Reviews are J-shaped: the angry and the delighted write."""


@dataclass(frozen=True)
class Opening:
    """A fresh post and what may come of it."""

    post: RawPost
    person: Person
    kind: Kind


def open_post(stage: Stage, moment: Moment) -> Opening:
    """Somebody posts at that moment."""
    kind = _kind(stage, moment)
    if kind == "review":
        person = stage.crowd.reviewer()
        return Opening(_review(stage, person, moment.at), person, kind)
    if kind in ("news", "status"):
        person = stage.rng.choice(list(stage.crowd.brand.values()))
        text = stage.said(person, f"brand_{kind}", local=kind == "status")
        return Opening(stage.post(person, moment.at, text), person, kind)
    if kind == "spam":
        person = stage.crowd.bot()
        text = stage.said(person, "spam")
        return Opening(stage.post(person, moment.at, text, url=None), person, kind)
    person = _person(stage, kind)
    if kind == "direct":
        text = stage.text(person, "direct", "negative", slots=stage.details_of(person))
        return Opening(stage.post(person, moment.at, text, visibility="direct"), person, kind)
    mood = MOODS.get(kind, "neutral")
    text = stage.text(person, kind, mood, local=kind in ("outage", "restored"))
    return Opening(stage.post(person, moment.at, text), person, kind)


def _kind(stage: Stage, moment: Moment) -> Kind:
    if not moment.outage:
        return stage.rng.choices(list(ORDINARY), list(ORDINARY.values()))[0]
    if stage.rng.random() < 0.03:
        return "status"
    if stage.incident.over(moment.at) and stage.rng.random() < 0.4:
        return "restored"
    return "outage"


def _person(stage: Stage, kind: Kind) -> Person:
    person = stage.crowd.anyone()
    # Those who praise their years with the brand are those who have them: look a few times for one.
    for _ in range(12 if kind == "loyal" else 0):
        if person.loyal:
            break
        person = stage.crowd.anyone()
    return person


def _review(stage: Stage, person: Person, at: datetime) -> RawPost:
    stars = stage.rng.choices([value for value, _ in STARS], [weight for _, weight in STARS])[0]
    grade = "bad" if stars <= 2 else "ok" if stars == 3 else "good"
    mood: Mood = "negative" if stars <= 2 else "neutral" if stars == 3 else "positive"
    text = stage.text(person, f"review_{grade}", mood) if stage.rng.random() < 0.92 else None
    return stage.post(person, at, text, title=stage.said(person, f"title_{grade}"), rating=float(stars))
