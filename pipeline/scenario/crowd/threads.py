"""Plays what follows from a post: answers of the brand, replies, reposts, quotes, copies, edits and deletions.

Follow-ups are planned with a delay and happen at the next free moment behind it. Fresh posts come from
`openings.py`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count

from pipeline.scenario.crowd.authors import Person
from pipeline.scenario.crowd.openings import MOODS, Kind, Opening
from pipeline.scenario.crowd.scene import Scene
from pipeline.scenario.texts.noise import Mood, typed
from schemas.posts.raw import RawPost

FollowUp = Callable[[datetime], RawPost]
ANSWERED: dict[Kind, float] = {"complaint": 0.35, "leaving": 0.5, "question": 0.5, "direct": 0.6, "praise": 0.12,
                               "outage": 0.12, "review": 0.0}  # fmt: skip
"""Share of the posts of a kind that the brand answers."""
ANSWER_MEDIAN_S, ANSWER_SIGMA = 720.0, 1.1
"""Seconds to the brand's answer, log-normal with a median of 12 minutes. Support threads of large brands have a
median of 12 and a 75th percentile of 56 minutes."""
MAX_REPOSTS = 25


class Threads:
    """Plans and plays what follows from posts.

    Args:
        scene: makes the posts.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._rng = scene.rng
        self._planned: list[tuple[datetime, int, FollowUp]] = []
        self._number = count()

    def due(self, at: datetime) -> RawPost | None:
        """Returns the earliest follow-up that is due at that moment, as a post of that moment, or None."""
        if not self._planned or self._planned[0][0] > at:
            return None
        return heappop(self._planned)[2](at)

    def follow(self, opening: Opening) -> None:
        """Plans what follows from a fresh post."""
        rng, post = self._rng, opening.post
        if opening.kind == "spam":
            if rng.random() < 0.6:
                self._copies(opening, self._scene.crowd.bot)
            return
        if rng.random() < ANSWERED.get(opening.kind, 0.0):
            self._plan(post, self._delay_s(ANSWER_MEDIAN_S, ANSWER_SIGMA), partial(self._answer, opening, post))
        # Reviews and direct messages have no readers who could pass them on, and are not edited here.
        if post.platform == "reviews" or post.visibility == "direct":
            return
        self._spread(opening)
        if opening.kind in ("complaint", "outage") and rng.random() < 0.04:
            self._copies(opening, self._scene.crowd.anyone)
        if rng.random() < 0.035:
            self._plan(post, self._delay_s(400, 0.9), partial(self._edit, opening, post))
        elif rng.random() < 0.015:
            self._plan(post, self._delay_s(1500, 1.0), partial(self._delete, post))

    def _plan(self, post: RawPost, delay_s: float, follow_up: FollowUp) -> None:
        heappush(self._planned, (post.created_at + timedelta(seconds=delay_s), next(self._number), follow_up))

    def _delay_s(self, median_s: float, sigma: float) -> float:
        return median_s * self._rng.lognormvariate(0.0, sigma)

    def _spread(self, opening: Opening) -> None:
        # There is a repost for every few hundred readers, and three times as many in an outage.
        reach = (1 + (opening.post.author.followers or 0)) ** 0.5 / 350
        wanted = reach * (3 if opening.kind in ("outage", "status") else 1) * self._rng.paretovariate(1.3)
        times = int(wanted) + (self._rng.random() < wanted % 1)
        for _ in range(min(times, MAX_REPOSTS)):
            act = self._quote if self._rng.random() < 0.15 else self._repost
            self._plan(opening.post, self._delay_s(900, 1.0), partial(act, opening))

    def _reader(self, platform: str) -> Person:
        # A post is passed on where it was read, and the draw is repeated until somebody of that platform comes.
        person = self._scene.crowd.anyone()
        while person.platform != platform:
            person = self._scene.crowd.anyone()
        return person

    def _repost(self, opening: Opening, at: datetime) -> RawPost:
        return self._scene.post(self._reader(opening.post.platform), at, None, repost_of=opening.post.post_id)

    def _quote(self, opening: Opening, at: datetime) -> RawPost:
        person = self._reader(opening.post.platform)
        mood: Mood = MOODS.get(opening.kind, "neutral")
        symbol = "quote" if mood == "negative" else "chatter" if mood == "neutral" else "praise"
        text = self._scene.text(person, symbol, mood, local=opening.kind == "outage")
        return self._scene.post(person, at, text, quote_of=opening.post.post_id)

    def _answer(self, opening: Opening, to: RawPost, at: datetime) -> RawPost:
        """Returns the brand's answer to `to`, a post of the opening's thread."""
        direct = opening.post.visibility == "direct"
        symbol = "direct" if direct else "thanks" if opening.kind == "praise" else "reply"
        who = f"@{opening.person.handle}"
        team = replace(self._scene.crowd.care_team[opening.post.platform], language=opening.person.language)
        text = self._scene.phrase(team, f"brand_{symbol}", who=who)
        post = self._reply(team, opening, to, at, text)
        if self._rng.random() < 0.5:
            self._plan(post, self._delay_s(600, 1.0), partial(self._customer, opening, post))
        return post

    def _customer(self, opening: Opening, to: RawPost, at: datetime) -> RawPost:
        """Returns the customer's answer to the brand, who is pleased or not yet pleased."""
        pleased = opening.kind == "praise" or self._rng.random() < 0.4
        slots = self._scene.details_of(opening.person)
        symbol = "thanks" if pleased else "follow_up"
        if opening.post.visibility == "direct" and not pleased and self._rng.random() < 0.6:
            symbol = "identity"
        text = self._scene.text(opening.person, symbol, "positive" if pleased else "negative", slots=slots)
        post = self._reply(opening.person, opening, to, at, text)
        if not pleased and self._rng.random() < 0.5:
            self._plan(post, self._delay_s(ANSWER_MEDIAN_S, ANSWER_SIGMA), partial(self._answer, opening, post))
        return post

    def _reply(self, person: Person, opening: Opening, to: RawPost, at: datetime, text: str) -> RawPost:
        return self._scene.post(
            person,
            at,
            text,
            in_reply_to=to.post_id,
            conversation_id=opening.post.post_id,
            visibility=opening.post.visibility,
        )

    def _copies(self, opening: Opening, writer: Callable[[], Person]) -> None:
        for _ in range(self._rng.randint(1, 4)):
            self._plan(opening.post, self._delay_s(1800, 0.8), partial(self._copy, opening, writer))

    def _copy(self, opening: Opening, writer: Callable[[], Person], at: datetime) -> RawPost:
        """Returns the same text under another name, word for word or with a small change."""
        text = opening.post.text or ""
        if self._rng.random() < 0.6:
            text = typed(self._rng, text, opening.person.language, "neutral", (), 0.2)
        return self._scene.post(writer(), at, text)

    def _edit(self, opening: Opening, post: RawPost, _at: datetime) -> RawPost:
        """Returns a new revision. `created_at` stays, because it says when the post was created and not
        changed."""
        angry = MOODS.get(opening.kind) == "negative"
        note = self._scene.phrase(opening.person, "edit_note") if angry else "(edit)"
        return post.model_copy(update={"revision": post.revision + 1, "text": f"{post.text} {note}"})

    def _delete(self, post: RawPost, _at: datetime) -> RawPost:
        update = {"revision": post.revision + 1, "deleted": True, "text": None, "metrics": None}
        return post.model_copy(update=update)
