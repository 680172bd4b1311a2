"""An engine that checks itself: the first configuration whose answers are right is the one that serves.

In: known answers, a tokenizer as a function, ways to open the model. Out: what was opened, and the evidence. Never
here: OpenVINO, a file.

A wrong kernel may show for one shape only: on processors with AMX, OpenVINO's fused attention in bf16 answers
wrongly for rows of exactly 32 tokens (versions 2025.4 to 2026.4) and rightly for the 23 other lengths. So every
padded length is asked, with one row and with as many as a batch has.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Deadline, Encode, head_and_tail
from pipeline.adapters.models.check.known_answers import KnownAnswers, Numbers
from pipeline.adapters.models.heads import SENTIMENT, Heads
from pipeline.adapters.models.openvino.configurations import Configuration
from pipeline.adapters.models.runner import Inputs, Runner
from pipeline.adapters.models.shapes import pad, padded_length, padded_lengths
from pipeline.errors import Misconfigured
from pipeline.logs import get_log
from pipeline.ports.models import TextScores

TOLERANCE = 0.03
"""Most that a probability may differ from the known one. On posts, bf16 is within .02 on AMX and within .027 on
an EPYC, single precision within .004 with any instructions; on the shipped known answers bf16 is within .015. The
wrong kernel on AMX moves logits by .4 to 4."""
LIMIT_S = 180.0
"""Longest time of one configuration, compiling included: about 3 s of processor time with AVX-512 VNNI, 9 s with
AVX2 alone, on as many cores as there are streams."""
_DETAIL = 160
"""Characters of a library's own error that a message keeps."""

T = TypeVar("T")
R = TypeVar("R", bound=Runner)


class Opened(NamedTuple):
    """What serves.

    Args:
        configuration: its name.
        difference: the largest of a probability from the known one, over every text and shape.
        rejected: names of the faster ones that were not right, with the reasons.
    """

    configuration: Configuration
    difference: float
    rejected: dict[str, str]


class _Row(NamedTuple):
    text: int
    length: int
    rows: int


@dataclass(frozen=True)
class Check:
    """The questions: every padded length, with one row and with many, and what the answers must be.

    Args:
        origin: where the answers are from, for a message.
        probabilities: (texts, columns) of the known answers, as `as_array` makes them.
        heads: turn logits into probabilities.
        asked: of each row of all batches, which text it is and in what shape.
        batches: places in `asked`, and inputs.
    """

    origin: str
    probabilities: Numbers
    heads: Heads
    asked: tuple[_Row, ...]
    batches: tuple[tuple[list[int], Inputs], ...]

    def difference(self, runner: Runner) -> float:
        """The largest difference of a probability.

        Raises:
            Disagreement: one is beyond the tolerance, or a label is another where the known margin is larger.
            Exception: whatever the runner raises; Transient where it answers with NaN or infinity.
        """
        logits = np.full((len(self.asked), len(self.heads.labels)), np.nan)

        def take(places: list[int], outputs: list[NDArray[np.float32]]) -> None:
            logits[places] = outputs[0]

        runner.run(self.batches, take, Deadline(None))
        given = as_array(self.heads.scores(logits))
        known = self.probabilities[[row.text for row in self.asked]]
        differences = np.abs(given - known).max(axis=1)
        wrong = (differences > TOLERANCE) | _other_label(given, known)
        if wrong.any():
            worst = max(np.flatnonzero(wrong), key=lambda at: float(differences[at]))
            at = self.asked[int(worst)]
            raise Disagreement(
                f"a probability differs by {differences[worst]:.3f} at {at.length} tokens and {at.rows} row(s); "
                f"{wrong.sum()} of {len(wrong)} answers are wrong, of {TOLERANCE:g} allowed"
            )
        return float(differences.max())


class Disagreement(Exception):
    """A configuration's answers are not the known ones."""


def make_check(known: KnownAnswers, encode: Encode, max_tokens: int, most_rows: int, heads: Heads) -> Check:
    """The batches of a check: each text alone, and for each length one of `most_rows` rows.

    A batch of many rows holds the texts of its length and then shorter ones, so that masked places count.

    Raises:
        Misconfigured: the texts are not of every padded length.
    """
    rows = [head_and_tail(row, max_tokens) for row in encode(list(known.texts))]
    lengths = [padded_length(len(row)) for row in rows]
    if missing := sorted(set(padded_lengths(max_tokens)) - set(lengths)):
        raise Misconfigured(f"{known.origin}: no text is padded to {', '.join(map(str, missing))} tokens")
    asked: list[_Row] = []
    batches: list[tuple[list[int], Inputs]] = []
    for length in padded_lengths(max_tokens):
        for texts in _groups(lengths, length, most_rows):
            places = list(range(len(asked), len(asked) + len(texts)))
            asked.extend(_Row(text, length, len(texts)) for text in texts)
            batches.append((places, pad([rows[text] for text in texts])))
    return Check(known.origin, as_array(heads.scores(known.logits)), heads, tuple(asked), tuple(batches))


def as_array(scores: Sequence[TextScores]) -> Numbers:
    """(texts, columns): negative, neutral, positive, then offence and complaint where the model has them."""
    return np.array([[value for value in one[:-1] if value is not None] for one in scores], dtype=np.float64)


def _groups(lengths: Sequence[int], length: int, most_rows: int) -> list[list[int]]:
    """The batches of one padded length, as numbers of texts."""
    own = [text for text, padded in enumerate(lengths) if padded == length]
    shorter = sorted((text for text, padded in enumerate(lengths) if padded < length), key=lambda at: -lengths[at])
    pool = (own + shorter)[:most_rows]
    many = [pool[at % len(pool)] for at in range(most_rows)]
    return [[text] for text in own] + ([many] if most_rows > 1 else [])


def first_right(
    configurations: Sequence[Configuration],
    open_one: Callable[[Configuration], R],
    check: Check,
    limit_s: float = LIMIT_S,
) -> tuple[R, Opened]:
    """Opens one configuration after the other and keeps the first that answers as it must.

    Args:
        configurations: the fastest first.
        open_one: compiles one.
        check: what it is asked.
        limit_s: longest time of one. What does not end in it cannot be stopped: it is left behind.

    Raises:
        Misconfigured: none compiles, ends in time and is right.
    """
    rejected: dict[str, str] = {}
    for one in configurations:

        def attempt(one: Configuration = one) -> tuple[R, float]:
            runner = open_one(one)
            return runner, check.difference(runner)

        try:
            runner, difference = _within(limit_s, attempt)
        except Exception as error:  # OpenVINO raises bare RuntimeError or Exception
            rejected[one.name] = _reason(error, limit_s)
            get_log("model").warning("configuration rejected", configuration=one.name, why=rejected[one.name])
            continue
        return runner, Opened(one, difference, rejected)
    tried = "; ".join(f"{name}: {why}" for name, why in rejected.items())
    raise Misconfigured(f"no configuration gives the answers of {check.origin} on this processor: {tried}")


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The call's result; a thread of its own, since nothing can end a library that hangs.

    Raises:
        TimeoutError: it did not end in time.
    """
    result: Future[T] = Future()

    def work() -> None:
        try:
            result.set_result(call())
        except BaseException as error:  # handed to the caller
            result.set_exception(error)

    Thread(target=work, name="engine-check", daemon=True).start()
    return result.result(seconds)


def _reason(error: Exception, limit_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {limit_s:g} s"
    said = " ".join(str(error).split())
    return said if len(said) <= _DETAIL else f"...{said[-_DETAIL:]}"


def _other_label(given: Numbers, known: Numbers) -> NDArray[np.bool_]:
    """Where the sentiment's label is another although the known one leads by more than the tolerance."""
    sentiment, others = known[:, : len(SENTIMENT)], given[:, : len(SENTIMENT)]
    ranked = np.sort(sentiment, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > TOLERANCE
    return np.asarray(clear & (sentiment.argmax(axis=1) != others.argmax(axis=1)))
