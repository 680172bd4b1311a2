"""Invents the people of the scenario: a crowd with heavy-tailed audiences, loyal small customers, bots and the
brand.

It knows neither texts nor times of posts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random

from pipeline.scenario.crowd.personal import full_name
from pipeline.scenario.texts.library import LANGUAGES
from schemas.posts.raw import Author

PLATFORMS = ("chirp", "mastodon", "bluesky", "reviews")
"""Platforms on which they write: an invented microblog, two open networks and a review site."""
LANGUAGE_WEIGHTS = (55, 14, 12, 10, 9)
FOLLOWERS_MU, FOLLOWERS_SIGMA = 5.2, 2.0
"""Parameters of a log-normal audience, because follower counts are heavy-tailed. The median is e^5.2 = 181, and
one account in a thousand has more than 80,000 followers."""
MAX_FOLLOWERS = 20_000_000
_HANDLE_WORDS = (
    *("fox", "rain", "moss", "pixel", "tea", "orbit", "cactus", "vinyl", "otter", "lemon"),
    *("quartz", "bike", "noodle", "comet", "harbor", "maple", "wren", "static", "kilo", "mango"),
)


@dataclass(frozen=True)
class Person:
    """An account and the traits behind it."""

    platform: str
    author: Author
    language: str
    name: str
    """Name that they use in private; the public profile never shows it."""
    care: float
    """Care in typing, from 0 (sloppy) to 1 (flawless)."""
    loyal: bool = False
    """Whether this is a customer of many years with hardly any audience."""

    @property
    def handle(self) -> str:
        """The public handle, or the author id where there is none."""
        return self.author.handle or self.author.author_id


class Crowd:
    """Everybody who may write, weighted by how often they do.

    Args:
        rng: the only source of chance.
        size: number of people besides bots and the brand.
        before: time before which all accounts were created.
    """

    def __init__(self, rng: Random, size: int, before: datetime) -> None:
        self._rng = rng
        self._before = before
        self.people = [self._person(number) for number in range(size)]
        # Few people write much and most write once, so that activity falls with rank as 1 / (rank + 5)^0.6.
        self._weights = list(accumulate((rank + 5) ** -0.6 for rank in range(size)))
        self.reviewers = [self._person(size + number, "reviews") for number in range(max(5, size // 10))]
        self.bots = [self._bot(number) for number in range(max(3, size // 80))]
        self.brand = {platform: self._brand(platform) for platform in PLATFORMS[:3]}
        self.care_team = {platform: self._brand(platform, "acmecare") for platform in PLATFORMS[:3]}

    def anyone(self) -> Person:
        """Returns somebody of the crowd, active people more often."""
        return self._rng.choices(self.people, cum_weights=self._weights)[0]

    def reviewer(self) -> Person:
        """Returns somebody who writes reviews."""
        return self._rng.choice(self.reviewers)

    def bot(self) -> Person:
        """Returns a spam account."""
        return self._rng.choice(self.bots)

    def _person(self, number: int, platform: str | None = None) -> Person:
        rng = self._rng
        language = rng.choices(LANGUAGES, LANGUAGE_WEIGHTS)[0]
        platform = platform or rng.choices(PLATFORMS[:3], (60, 22, 18))[0]
        name = full_name(rng, language)
        loyal = rng.random() < 0.06
        followers = min(MAX_FOLLOWERS, int(rng.lognormvariate(FOLLOWERS_MU, FOLLOWERS_SIGMA)))
        followers = rng.randint(3, 60) if loyal else followers
        reviews = platform == "reviews"
        author = Author(
            author_id=f"{platform}:{self._native(number)}",
            handle=_handle(rng, name, number),
            name=name.split()[0] if rng.random() < 0.7 else None,
            followers=None if reviews else followers,
            following=None if reviews else int(rng.lognormvariate(5.3, 1.0)),
            verified=None if reviews else rng.random() < _verified_share(followers),
            created_at=self._before - timedelta(days=rng.randint(2500, 5000) if loyal else rng.randint(20, 4000)),
        )
        return Person(platform, author, language, name, rng.betavariate(2.5, 1.5), loyal)

    def _bot(self, number: int) -> Person:
        rng = self._rng
        handle = f"{rng.choice(_HANDLE_WORDS)}_{rng.choice(_HANDLE_WORDS)}{rng.randint(10_000, 99_999)}"
        author = Author(
            author_id=f"chirp:{self._native(10**6 + number)}",
            handle=handle,
            followers=rng.randint(0, 40),
            following=rng.randint(800, 4900),
            verified=False,
            created_at=self._before - timedelta(days=rng.randint(1, 9)),
        )
        return Person("chirp", author, "en", handle, 1.0)

    def _brand(self, platform: str, handle: str = "acmetelecom") -> Person:
        author = Author(
            author_id=f"{platform}:{handle}",
            handle=handle,
            name="Acme Telecom" if handle == "acmetelecom" else "Acme Care",
            followers=412_000 if handle == "acmetelecom" else 58_000,
            following=120,
            verified=True,
            created_at=self._before - timedelta(days=4400),
        )
        return Person(platform, author, "en", "Acme", 1.0)

    def _native(self, number: int) -> str:
        # Eight digits of chance in front keep the accounts of two seeds apart.
        return f"{self._rng.randrange(10**8):08d}{number:06d}"


def _handle(rng: Random, name: str, number: int) -> str:
    first = name.split()[0].lower().encode("ascii", "ignore").decode() or "user"
    word = rng.choice(_HANDLE_WORDS)
    return rng.choice(
        (f"{first}_{word}", f"{word}{first}", f"{first}{number}", f"{word}_{number}", f"the{word}{number}")
    )


def _verified_share(followers: int) -> float:
    return 0.6 if followers > 50_000 else 0.08 if followers > 3_000 else 0.004
