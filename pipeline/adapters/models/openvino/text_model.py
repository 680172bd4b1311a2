"""Serves the text model on OpenVINO, the default engine, which needs neither torch nor transformers at run time.

It takes normalised texts and returns the probabilities of every head and an embedding, in the order of the texts.
It neither normalises nor remembers.

Small batches run on several streams at once. They are as fast as large ones here, and no post waits for a large
batch to fill. When the constructor returns, the engine has given the model's known answers (`check/self_check.py`)
and is warm from it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from pipeline.adapters.models.batches import Deadline, cut
from pipeline.adapters.models.check.known_answers import read_known_answers
from pipeline.adapters.models.check.self_check import first_right, make_check
from pipeline.adapters.models.folder import open_model_folder
from pipeline.adapters.models.openvino.configurations import Precision, candidates, pinned
from pipeline.adapters.models.openvino.network import OpenVinoModel, reference_answers
from pipeline.adapters.models.processor import read_processor
from pipeline.adapters.models.runner import Inputs, Take
from pipeline.adapters.models.shapes import pad
from pipeline.errors import Misconfigured, Transient
from pipeline.ports.models import TextScores

SHIPPED_MODEL = Path(__file__).parents[3] / "weights" / "sentiment"
"""Folder of the model that comes with the package."""


class OpenVinoEngine:
    """`TextModel` over an OpenVINO IR. Its first output is the logits, and its layers give the embedding.

    Args:
        folder: holds model.xml, model.bin, tokenizer.json and config.json.
        threads: processor threads of the engine.
        streams: batches in flight, of which each has threads / streams threads.
        batch_size: most texts in one inference.
        deadline_s: longest time of one `score` call in seconds, None without a limit.
        precision: of what the model left in float. `auto` tries the ways that are fastest on this processor, a
            named one is the only one tried. Whichever serves gives the model's known answers.

    Raises:
        Misconfigured: the folder is incomplete, damaged, or not an OpenVINO model, or no way to run it is right on
            this processor.
    """

    def __init__(
        self,
        folder: Path = SHIPPED_MODEL,
        *,
        threads: int = 2,
        streams: int = 2,
        batch_size: int = 16,
        deadline_s: float | None = None,
        precision: Precision = "auto",
    ) -> None:
        self._folder = open_model_folder(folder)
        self._streams = streams
        self._batch_size = batch_size
        self._deadline_s = deadline_s
        model = OpenVinoModel(self._folder, threads=threads, streams=streams)
        self._encode = model.encode
        answers = read_known_answers(self._folder) or reference_answers(model)
        check = make_check(answers, model.encode, self._folder.max_tokens, batch_size, self._folder.heads)
        tried = candidates(precision, read_processor().flags)
        try:
            self._requests, self.opened = first_right(tried, model.compile, check)
        except Misconfigured as error:
            raise Misconfigured(f"{folder}{pinned(precision)}: {error}") from error
        self._lock = Lock()

    @property
    def name(self) -> str:
        """Model id and the first 12 hex digits of its weights' SHA-256."""
        return self._folder.name

    def score(self, texts: Sequence[str]) -> list[TextScores]:
        """Scores normalised texts, in their order.

        A blank text is wholly neutral and neither offence nor complaint. Of a text longer than the model's
        `max_tokens` the first and the last half of as many tokens are read.

        Raises:
            Transient: the engine failed, or did not answer within the deadline. After a missed deadline every
                further call fails too, because OpenVINO cannot stop what it runs and only a new process is sound.
        """
        non_blank = [index for index, text in enumerate(texts) if text.strip()]
        scores = [self._folder.heads.blank] * len(texts)
        if non_blank:
            logits, embeddings = self._infer([texts[index] for index in non_blank])
            for index, score in zip(non_blank, self._folder.heads.scores(logits, embeddings), strict=True):
                scores[index] = score
        return scores

    def _infer(self, texts: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float16] | None]:
        logits = np.full((len(texts), len(self._folder.heads.labels)), np.nan)
        embeddings: list[NDArray[np.float16]] = []
        answered: list[int] = []

        def take(places: list[int], rows: list[NDArray[np.float32]]) -> None:
            # Both lines copy. The rows lie in the request's own memory, which its next inference overwrites.
            logits[places] = rows[0]
            embeddings.extend(of_batch.astype(np.float16) for of_batch in rows[1:])
            answered.extend(places)

        deadline = Deadline(self._deadline_s)
        try:
            self._run(texts, take, deadline)
        except TimeoutError:
            waiting = len(texts) - len(answered)
            raise Transient(f"no answer within {deadline}: {waiting} of {len(texts)} texts were waiting") from None
        except Transient:
            raise
        except Exception as error:  # OpenVINO and the tokenizer raise nothing narrower
            raise Transient(f"the engine failed on {len(texts)} texts: {error}") from error
        # The longest batches came first, so the embeddings are put back into the order of the texts.
        return logits, np.concatenate(embeddings)[np.argsort(answered)] if embeddings else None

    def _run(self, texts: list[str], take: Take, deadline: Deadline) -> None:
        left_s = deadline.left_s
        # The wait for another caller counts against the deadline too.
        if not self._lock.acquire(timeout=-1 if left_s is None else left_s):
            raise TimeoutError
        try:
            if self._requests.hung:
                raise Transient(f"an inference has hung: {len(texts)} texts refused, this process must restart")
            self._requests.run(self.batches(texts), take, deadline)
        finally:
            self._lock.release()

    def batches(self, texts: list[str]) -> Iterator[tuple[list[int], Inputs]]:
        """Yields what one call infers, as indexes of texts and inputs of the model.

        Texts are tokenised as batches are taken.
        """
        size = _size(len(texts), self._batch_size, self._streams)
        for batch in cut(texts, self._encode, max_tokens=self._folder.max_tokens, size=size):
            yield batch.places, pad(batch.rows)


def _size(texts: int, most: int, streams: int) -> int:
    """Returns how many texts one inference holds.

    Few texts are split, so that no stream runs long while another idles.

    Measured with two streams and at most 16 texts, 16, 24, 32 and 40 texts of mixed length take 22, 32, 41 and 47
    ms. In batches of 16 they take 29, 49, 59 and 57 ms.
    """
    size = most
    if texts < 2 * most * streams:
        size = max(1, most // 2 if texts > most else most // 4)
    while size > 1 and (size // 2) * streams >= texts:
        size //= 2
    return size
