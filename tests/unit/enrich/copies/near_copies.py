"""Makes texts for the tests of copies: unrelated posts, edits of them, a campaign; the same seed, the same texts.

The negatives are of the topics of the positives, and hold short posts that share many words and differ in meaning.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random

from pipeline.bench.sample import distinct_posts
from pipeline.enrich.copies.comparable import comparable

FEWEST_WORDS = 12
"""Of texts that are edited. In shorter ones, with two other words often less than half of the pieces is left."""
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CAMPAIGN = (
    "Acme cancelled our fibre contract without notice and now wants 240 euro for a router that we sent back in "
    "May. Ask them for your money and share this with everybody you know before they do it to you"
)
_TEMPLATES = (
    "my {thing} {state} since {when}, {who} {asks}",
    "{who} {asks} because the {thing} in {place} {state}",
    "the new {thing} from Acme {state}, {who} in {place} {asks}",
    "hello Acme, my {thing} {state} and {who} {asks} since {when}",
)
_FILLINGS = {
    "thing": (
        *("router", "invoice", "television box", "mobile contract", "sim card", "refund", "fibre line"),
        *("installation", "voucher", "account password"),
    ),
    "state": (
        *("stopped working", "arrived early and is lovely", "was charged twice", "is faster than promised"),
        *("got lost in the post", "was cancelled by mistake", "has been perfect"),
    ),
    "when": ("this morning", "the storm on Sunday", "last year", "we moved house", "the update", "Christmas"),
    "who": ("my mother", "nobody", "the technician", "your agent Sam", "everyone at the office", "our landlord"),
    "asks": (
        *("wants to thank you", "keeps asking for money", "recommends you to friends", "has given up on you"),
        *("needs an answer today", "does not mind at all"),
    ),
    "place": ("Harbour Street", "Mill Road", "the old town", "Northfield", "Saint Anne", "the station quarter"),
}
_EMOJI = ("😡", "🔥🔥", "👍🏽", "🤷‍♀️", "❤️", "🇫🇷", "1️⃣", "😂😂😂")
_HASHTAG_SIGNS = ("fibre", "money", "router", "contract", "Acme")


def posts(count: int) -> list[str]:
    """Different texts of customers, of the generator's topics, in five languages; some are templates."""
    found = [post.text or "" for post in distinct_posts(2 * count, NOW)]
    # The brand's own answers end with the initials of who wrote them; they are copies of each other in earnest.
    return [text for text in found if "^" not in text][:count]


def templates(rng: Random, count: int) -> list[str]:
    """Different short posts of a few templates."""
    made: dict[str, None] = {}
    while len(made) < count:
        filled = {name: rng.choice(words) for name, words in _FILLINGS.items()}
        made[rng.choice(_TEMPLATES).format(**filled)] = None
    return list(made)


def unalike(texts: Iterable[str], most_shared: float) -> list[str]:
    """Those of which no two share more than such a part of their words, whatever the order of the words."""
    kept: list[str] = []
    sizes: list[int] = []
    holders: dict[str, list[int]] = defaultdict(list)
    for text in texts:
        words = set(comparable(text).split())
        shared = Counter(number for word in words for number in holders[word])
        if any(n > most_shared * max(sizes[number], len(words)) for number, n in shared.items()):
            continue
        for word in words:
            holders[word].append(len(kept))
        kept.append(text)
        sizes.append(len(words))
    return kept


def with_two_other_words(rng: Random, text: str, vocabulary: Sequence[str]) -> str:
    """The text with two of its words replaced by words of the vocabulary."""
    words = text.split()
    for place in rng.sample(range(len(words)), 2):
        words[place] = rng.choice(vocabulary)
    return " ".join(words)


def vocabulary(texts: Sequence[str]) -> list[str]:
    """The words of the texts, as often as they are used."""
    return [word for text in texts for word in comparable(text).split() if len(word) > 2]


def dressed_up(rng: Random, text: str, number: int) -> str:
    """The text as another author posts it: other link, name, signs, case and emoji, the same words."""
    if rng.random() < 0.3:
        text = text.upper()
    for word in rng.sample(_HASHTAG_SIGNS, rng.randrange(3)):
        text = text.replace(f" {word} ", f" #{word} ")
    if rng.random() < 0.3:
        text = text.replace(" ", "  ").replace(".", "!!!").replace(",", " -")
    if rng.random() < 0.5:
        text = f"{text} https://t{number % 7}.example/{rng.randrange(10**6):x}"
    if rng.random() < 0.5:
        text = f"@friend{number} {text}"
    if rng.random() < 0.2:
        text = f"RT @user{rng.randrange(1000)}: {text}"
    for _ in range(rng.randrange(3)):
        text = f"{text} {rng.choice(_EMOJI)}"
    return text


def campaign(rng: Random, count: int, edited: float, text: str = CAMPAIGN) -> Iterator[str]:
    """`count` copies of one text, all dressed up, a share of them with two other words besides."""
    others = vocabulary(posts(300))
    for number in range(count):
        copy = with_two_other_words(rng, text, others) if rng.random() < edited else text
        yield dressed_up(rng, copy, number)


def variants(rng: Random, count: int, texts: int) -> list[str]:
    """A campaign of several texts used equally often, each with two words of its own."""
    others = vocabulary(posts(300))
    made = [with_two_other_words(rng, CAMPAIGN, others) for _ in range(texts)]
    return [rng.choice(made) for _ in range(count)]
