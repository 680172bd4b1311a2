"""Makes fresh posts, which somebody writes out of the blue. `threads.py` plays what follows from them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.scenario.crowd.authors import Person
from pipeline.scenario.crowd.scene import Scene
from pipeline.scenario.crowd.timeline import Moment
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
"""Percent of each kind among the posts that no outage causes."""
MOODS: dict[Kind, Mood] = {
    "complaint": "negative", "leaving": "negative", "outage": "negative", "direct": "negative",
    "praise": "positive", "loyal": "positive", "restored": "positive",
}  # fmt: skip
STARS = ((1, 28), (2, 12), (3, 12), (4, 18), (5, 30))
"""Stars of a review with their percent. The distribution is J-shaped, because the angry and the delighted
write."""


@dataclass(frozen=True)
class Opening:
    """A fresh post, and what decides what may follow from it."""

    post: RawPost
    person: Person
    kind: Kind


def open_post(scene: Scene, moment: Moment) -> Opening:
    """Returns the post that somebody writes at that moment."""
    kind = _kind(scene, moment)
    if kind == "review":
        person = scene.crowd.reviewer()
        return Opening(_review(scene, person, moment.at), person, kind)
    if kind in ("news", "status"):
        person = scene.rng.choice(list(scene.crowd.brand.values()))
        text = scene.phrase(person, f"brand_{kind}", local=kind == "status")
        return Opening(scene.post(person, moment.at, text), person, kind)
    if kind == "spam":
        person = scene.crowd.bot()
        text = scene.phrase(person, "spam")
        return Opening(scene.post(person, moment.at, text, url=None), person, kind)
    person = _person(scene, kind)
    if kind == "direct":
        text = scene.text(person, "direct", "negative", slots=scene.details_of(person))
        return Opening(scene.post(person, moment.at, text, visibility="direct"), person, kind)
    mood = MOODS.get(kind, "neutral")
    text = scene.text(person, kind, mood, local=kind in ("outage", "restored"))
    return Opening(scene.post(person, moment.at, text), person, kind)


def _kind(scene: Scene, moment: Moment) -> Kind:
    if not moment.outage:
        return scene.rng.choices(list(ORDINARY), list(ORDINARY.values()))[0]
    if scene.rng.random() < 0.03:
        return "status"
    if scene.incident.over(moment.at) and scene.rng.random() < 0.4:
        return "restored"
    return "outage"


def _person(scene: Scene, kind: Kind) -> Person:
    person = scene.crowd.anyone()
    # Only loyal customers praise their years with the brand, so that a few draws look for a loyal one.
    for _ in range(12 if kind == "loyal" else 0):
        if person.loyal:
            break
        person = scene.crowd.anyone()
    return person


def _review(scene: Scene, person: Person, at: datetime) -> RawPost:
    stars = scene.rng.choices([value for value, _ in STARS], [weight for _, weight in STARS])[0]
    grade = "bad" if stars <= 2 else "ok" if stars == 3 else "good"
    mood: Mood = "negative" if stars <= 2 else "neutral" if stars == 3 else "positive"
    text = scene.text(person, f"review_{grade}", mood) if scene.rng.random() < 0.92 else None
    return scene.post(person, at, text, title=scene.phrase(person, f"title_{grade}"), rating=float(stars))
