"""Makes texts of every length that an engine pads to, for any tokenizer, as the questions of a check.

The texts are made of the phrases below. They are nobody's posts.
"""

from bisect import bisect_right
from random import Random

from pipeline.adapters.models.batches import Encode
from pipeline.adapters.models.shapes import padded_lengths
from pipeline.errors import Misconfigured

TEXTS_A_LENGTH = 3
_DRAWS = 50
"""Orders of the phrases that are tried for one text, because few orders fit a short window of tokens exactly."""
_PHRASES = (
    "ok", "late again", "no", "thanks a lot", "where is my parcel", "i love this phone",
    "the train leaves at nine", "worst service i have ever seen", "what time do you open on sunday",
    "my card was charged twice and nobody answers", "you lot are a bunch of lying idiots",
    "great support today, the problem is solved and i am happy", "it is raining in the north",
    "please send me the bill for march once more", "we waited two hours for a cold meal",
    "the new shop at the station looks lovely", "why does the app log me out every morning",
    "see you at the match tonight", "i want my money back", "so proud of the whole team",
    "press conference with the minister tomorrow at ten", "this update makes everything slower",
    "cannot say a bad word about the crew", "shut up and fix the damn website",
    "the second page of the form asks for a number that i do not have", "best coffee in town by far",
    "the bus stops here every twenty minutes", "delivery came a day early, wow",
    "nobody told us that the flight was gone", "has anybody tried the green one yet",
)  # fmt: skip
"""Short public messages in plain words and of every mood, which were written for this list."""


def texts_of_every_length(encode: Encode, max_tokens: int) -> list[str]:
    """Returns `TEXTS_A_LENGTH` texts for each padded length, shortest first.

    The first text of each length fills it.

    Args:
        encode: the model's tokenizer.
        max_tokens: longest row of the model.

    Raises:
        Misconfigured: the tokenizer makes no text of some length.
    """
    texts, shorter = [], 0
    for length in padded_lengths(max_tokens):
        longest = min(length, max_tokens)
        for number in range(TEXTS_A_LENGTH):
            # The seed is fixed, so that the same tokenizer is always asked the same questions.
            rng = Random(f"{length} {number}")  # noqa: S311 (texts, not secrets)
            window = range(shorter + 1, longest + 1)
            texts.append(_text(encode, window, max(longest - number, window.start), rng))
        shorter = length
    return texts


def _text(encode: Encode, window: range, wanted: int, rng: Random) -> str:
    """Returns words of the phrases that have a number of tokens in the window, as near to `wanted` as they can."""

    def text(words: int) -> str:
        return " ".join(shuffled[:words])

    def tokens(words: int) -> int:
        return len(encode([text(words)])[0])

    for _ in range(_DRAWS):
        shuffled: list[str] = []
        while len(shuffled) < window.stop:
            shuffled += " ".join(rng.sample(_PHRASES, len(_PHRASES))).split()
        # A search by halves is right here, because a further word never takes tokens away.
        most = bisect_right(range(1, window.stop), wanted, key=tokens)
        for words in (most, most + 1):
            if words and tokens(words) in window:
                return text(words)
    raise Misconfigured(
        f"the tokenizer makes no text of {window.start} to {window.stop - 1} tokens: the engine cannot be checked"
    )
