"""Lets an engine check itself. The first configuration whose answers are right is the one that serves.

It takes known answers, a tokenizer as a function and ways to open the model, and returns what was opened, with the
evidence. It names neither OpenVINO nor a file.

A wrong kernel may show for one shape only. On processors with AMX, OpenVINO's fused attention in bf16 answers
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
"""Most that a probability may differ from the known one. On posts, bf16 is within .02 on AMX and within .027 on an
EPYC, and single precision is within .004 with any instructions. On the shipped known answers bf16 is within .015.
The wrong kernel on AMX moves logits by .4 to 4."""
LIMIT_S = 180.0
"""Longest time of one configuration in seconds, compiling included. It needs about 3 s of processor time with
AVX-512 VNNI and 9 s with AVX2 alone, on as many cores as there are streams."""
_DETAIL = 160
"""Characters of a library's own error that a message keeps."""

T = TypeVar("T")
R = TypeVar("R", bound=Runner)


class Opened(NamedTuple):
    """What serves.

    Args:
        configuration: the configuration that serves.
        difference: the largest difference of a probability from the known one, over every text and shape.
        rejected: names of the faster configurations that were not right, with the reasons.
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
    """The questions, which are every padded length with one row and with many, and the answers that are expected.

    Args:
        origin: names the source of the answers in a message.
        probabilities: known answers, of shape (texts, columns), as `as_array` makes them.
        heads: turn logits into probabilities.
        questions: for each row of all batches, which text it is and in what shape.
        batches: indexes into `questions`, and inputs.
    """

    origin: str
    probabilities: Numbers
    heads: Heads
    questions: tuple[_Row, ...]
    batches: tuple[tuple[list[int], Inputs], ...]

    def difference(self, runner: Runner) -> float:
        """Asks the runner every question and returns the largest difference of a probability.

        Raises:
            Disagreement: a difference is beyond the tolerance, or a label is another where the known margin is
                larger than the tolerance.
            Exception: whatever the runner raises; Transient where it answers with NaN or infinity.
        """
        logits = np.full((len(self.questions), len(self.heads.labels)), np.nan)

        def take(places: list[int], outputs: list[NDArray[np.float32]]) -> None:
            logits[places] = outputs[0]

        runner.run(self.batches, take, Deadline(None))
        answers = as_array(self.heads.scores(logits))
        expected = self.probabilities[[row.text for row in self.questions]]
        differences = np.abs(answers - expected).max(axis=1)
        wrong = (differences > TOLERANCE) | _other_label(answers, expected)
        if wrong.any():
            worst = max(np.flatnonzero(wrong), key=lambda index: float(differences[index]))
            row = self.questions[int(worst)]
            raise Disagreement(
                f"a probability differs by {differences[worst]:.3f} at {row.length} tokens and {row.rows} row(s); "
                f"{wrong.sum()} of {len(wrong)} answers are wrong, of {TOLERANCE:g} allowed"
            )
        return float(differences.max())


class Disagreement(Exception):
    """The answers of a configuration are not the known ones."""


def make_check(known: KnownAnswers, encode: Encode, max_tokens: int, most_rows: int, heads: Heads) -> Check:
    """Makes the batches of a check, which are each text alone and for each length one batch of `most_rows` rows.

    A batch of many rows holds the texts of its length and then shorter ones, so that masked places count.

    Raises:
        Misconfigured: some padded length has no text.
    """
    rows = [head_and_tail(row, max_tokens) for row in encode(list(known.texts))]
    lengths = [padded_length(len(row)) for row in rows]
    if missing := sorted(set(padded_lengths(max_tokens)) - set(lengths)):
        raise Misconfigured(f"{known.origin}: no text is padded to {', '.join(map(str, missing))} tokens")
    questions: list[_Row] = []
    batches: list[tuple[list[int], Inputs]] = []
    for length in padded_lengths(max_tokens):
        for texts in _groups(lengths, length, most_rows):
            places = list(range(len(questions), len(questions) + len(texts)))
            questions.extend(_Row(text, length, len(texts)) for text in texts)
            batches.append((places, pad([rows[text] for text in texts])))
    return Check(known.origin, as_array(heads.scores(known.logits)), heads, tuple(questions), tuple(batches))


def as_array(scores: Sequence[TextScores]) -> Numbers:
    """Returns the scores as an array of shape (texts, columns).

    The columns are negative, neutral, positive, then offence and complaint where the model has them.
    """
    # The last field is the embedding, which is left out.
    return np.array([[value for value in score[:-1] if value is not None] for score in scores], dtype=np.float64)


def _groups(lengths: Sequence[int], length: int, most_rows: int) -> list[list[int]]:
    """Returns the batches of one padded length, as indexes of texts."""
    own = [text for text, padded in enumerate(lengths) if padded == length]
    shorter = sorted(
        (text for text, padded in enumerate(lengths) if padded < length), key=lambda text: -lengths[text]
    )
    pool = (own + shorter)[:most_rows]
    many = [pool[index % len(pool)] for index in range(most_rows)]
    return [[text] for text in own] + ([many] if most_rows > 1 else [])


def first_right(
    configurations: Sequence[Configuration],
    open_configuration: Callable[[Configuration], R],
    check: Check,
    limit_s: float = LIMIT_S,
) -> tuple[R, Opened]:
    """Opens one configuration after the other and keeps the first that answers as it must.

    Args:
        configurations: the fastest first.
        open_configuration: compiles one.
        check: asks the questions.
        limit_s: longest time of one in seconds. What does not end in it cannot be stopped and is left behind.

    Raises:
        Misconfigured: none compiles, ends in time and is right.
    """
    rejected: dict[str, str] = {}
    for configuration in configurations:
        # Bound as a default, because an attempt that hangs may outlive this round of the loop.
        def attempt(configuration: Configuration = configuration) -> tuple[R, float]:
            runner = open_configuration(configuration)
            return runner, check.difference(runner)

        try:
            runner, difference = _within(limit_s, attempt)
        except Exception as error:  # OpenVINO raises nothing narrower than RuntimeError or Exception
            rejected[configuration.name] = _reason(error, limit_s)
            get_log("model").warning(
                "configuration rejected", configuration=configuration.name, why=rejected[configuration.name]
            )
            continue
        return runner, Opened(configuration, difference, rejected)
    tried = "; ".join(f"{name}: {why}" for name, why in rejected.items())
    raise Misconfigured(f"no configuration gives the answers of {check.origin} on this processor: {tried}")


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Returns the call's result. The call runs in a thread of its own, since nothing can end a library that hangs.

    Raises:
        TimeoutError: the call did not end in time.
    """
    result: Future[T] = Future()

    def work() -> None:
        try:
            result.set_result(call())
        except BaseException as error:  # otherwise the caller would wait until the limit
            result.set_exception(error)

    Thread(target=work, name="engine-check", daemon=True).start()
    return result.result(seconds)


def _reason(error: Exception, limit_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {limit_s:g} s"
    message = " ".join(str(error).split())
    # The end is kept, for OpenVINO begins with places in its own source and ends with the cause.
    return message if len(message) <= _DETAIL else f"...{message[-_DETAIL:]}"


def _other_label(answers: Numbers, expected: Numbers) -> NDArray[np.bool_]:
    """Says where the sentiment's label is another although the known one leads by more than the tolerance."""
    expected, answers = expected[:, : len(SENTIMENT)], answers[:, : len(SENTIMENT)]
    ranked = np.sort(expected, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > TOLERANCE
    return np.asarray(clear & (expected.argmax(axis=1) != answers.argmax(axis=1)))
