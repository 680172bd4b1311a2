"""Ten thousand texts that nobody should send, with some that people do in between."""

from collections.abc import Callable
from random import Random

import pytest

from pipeline.adapters.models.check.self_check import TOLERANCE
from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.enrich.text.normalise import normalise
from pipeline.ports.models import TextScores

COUNT = 10_000
KNOWN_EVERY = 100
KNOWN = [
    "I love this phone, best purchase ever!",
    "Worst service ever, I am never flying with you again",
    "The train leaves at nine from platform two on Tuesday",
    "So disappointed and angry, this is terrible 😡",
]
EMOJI = "😂😡❤️🔥👍🏽👨‍👩‍👧‍👦🇩🇪🏳️‍🌈😭✨☕️"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202d\u202e\u202c\u2066\u2067\u2069\u00ad"
CONTROLS = "".join(map(chr, [*range(32), *range(127, 160), 0xFFFE, 0xFFFF]))


def latin(rng: Random) -> str:
    return rng.randbytes(rng.randrange(60)).decode("latin-1")


def broken_utf8(rng: Random) -> str:
    return rng.randbytes(rng.randrange(60)).decode("utf-8", errors="replace")


def invisible(rng: Random) -> str:
    return "".join(rng.choice(INVISIBLE + "abc אב") for _ in range(rng.randrange(80)))


def emoji_only(rng: Random) -> str:
    return "".join(rng.choice(EMOJI) for _ in range(rng.randrange(1, 30)))


def entities(rng: Random) -> str:
    return (
        "&" + "amp;" * rng.randrange(40) + rng.choice(["lt;", "#x202e;", "#0;", "amp", "\\u0026amp;", "#x110000;"])
    )


def controls(rng: Random) -> str:
    return "".join(rng.choice(CONTROLS) for _ in range(rng.randrange(60)))


def surrogates(rng: Random) -> str:
    return "".join(rng.choice(["\ud800", "\udfff", "\\ud83d", "\\ude02", "x "]) for _ in range(rng.randrange(20)))


KINDS: list[Callable[[Random], str]] = [
    latin, broken_utf8, invisible, emoji_only, entities, controls, surrogates,
]  # fmt: skip
HUGE = [
    "x" * 100_000,
    "&amp;" * 20_000,
    "😂" * 100_000,
    "\u202e\u200b" * 50_000,
    "what a day " * 9_000,
    "日本" * 50_000,
    "&" * 100_000,
    "\\u0026" * 17_000,
    "http://" * 14_000,
    "@" * 100_000,
    "\\" * 100_000,
    "&#" + "1" * 50_000,
]


@pytest.fixture(scope="module")
def engine() -> OpenVinoEngine:
    return OpenVinoEngine()


def hostile() -> list[str]:
    rng = Random("hostile")
    texts = [rng.choice(KINDS)(rng) for _ in range(COUNT)]
    for text in HUGE:
        texts[rng.randrange(COUNT)] = text
    for number, at in enumerate(range(0, COUNT, KNOWN_EVERY)):
        texts[at] = KNOWN[number % len(KNOWN)]
    return texts


def is_sound(scores: TextScores) -> bool:
    return abs(sum(scores[:3]) - 1) < 1e-6 and all(0 <= share <= 1 for share in scores[:5] if share is not None)


def test_hostile_texts_are_all_answered_in_their_order(engine: OpenVinoEngine) -> None:
    texts = hostile()
    scores = engine.score([normalise(text) for text in texts])
    assert len(scores) == COUNT
    assert all(map(is_sound, scores))
    alone = [engine.score([normalise(text)])[0] for text in KNOWN]
    for number, at in enumerate(range(0, COUNT, KNOWN_EVERY)):
        assert scores[at][:5] == pytest.approx(alone[number % len(KNOWN)][:5], abs=2 * TOLERANCE), (at, texts[at])


@pytest.mark.parametrize("text", HUGE, ids=lambda text: repr(text[:6]))
def test_a_huge_text_is_answered_as_it_comes_and_normalised(engine: OpenVinoEngine, text: str) -> None:
    raw, read = engine.score([text, normalise(text)])
    assert is_sound(raw)
    assert is_sound(read)
