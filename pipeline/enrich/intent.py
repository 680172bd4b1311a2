"""What the writer of a post wants: a built-in intent, or one that the workspace told by examples.

In: normalised texts and what one pass of the model said of them (`TextScores`, with its embedding), a policy's own
intents. Out: one `Intent` a text with its confidence, None where the model gave no embedding. Never here: a model's
engine, training (`pipeline/train/intents.py`), a network.

The built-in ones are a linear head over the embedding, the model's probabilities and some signs in the words. Own
intents are ridge regression onto their few examples against a fixed background of other posts: a closed form, so a
new policy costs milliseconds and the same examples always give the same answers. How both were measured:
`deploy/decisions/0006-intent.md`.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.enrich.normalise import normalise
from pipeline.ports import TextModel, TextScores
from schemas.policy import OwnIntent
from schemas.signals import Intent, IntentName

Floats = NDArray[np.float32]

INTENTS: tuple[IntentName, ...] = get_args(IntentName)
"""The built-in intents, in the order of the head's columns."""
OWN_THRESHOLD = 0.5
"""Least confidence of an own intent. Of posts that were none of them, 1 in 200 reached it (10 intents of ten examples
each); of those that were, 7 of 10 did (`0006-intent.md`)."""
DECIMALS = 4

_RIDGE = 0.3
"""Penalty relative to the mean squared length of the examples: flat between .1 and 1 on banking77."""
_SHARPNESS = 7.0
"""From regression values (1: like the examples, 0: not at all) to a softmax. With it the mean confidence is the
accuracy, on banking77 with ten intents."""
_HEADS = ("negative", "positive", "offence", "complaint")
"""Of `TextScores`: whose logits are read; a missing one counts as undecided."""
LOGITS = len(_HEADS)
_LEAST, _MOST = 0.01, 0.99
"""Probabilities outside are cut before they become logits: one that is nearly certain must not drown the words."""

_OPENER = (
    r"(?:what|when|where|which|who|whose|whom|how(?! come)|is|are|am|was|were|do|does|did|can|could|will|would|"
    r"should|shall|may|has|have|had|any|anyone|anybody|whats|what's|where's|when's|how's|who's)\b"
)
_INVERSION = (
    r"\b(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|has|have|had)\s+(?:i|u|you|we|they|he|"
    r"she|it|there|this|that|these|those|the|my|your|our|any\w*|some(?:one|body)|y'?all)\b"
)
_LEAD = r"(?:^|[,:;.!)(-]\s*|\b(?:and|so|but|or|then|wondering|know|tell me|say|ask|hi|hey|hello|please|also)\s+)"
_SIGNS: Mapping[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "mark": r"\?",
        "marks": r"[?!]\s*\?|\?\s*!",
        "ends on a mark": r"\?[\s)]*(?:http|@user|#\w+|[:;]\S+|thanks|thank you|x|\s|[.!])*$",
        "asks": rf"{_LEAD}(?:@user\s+)*{_OPENER}[^.!?;]*\?",
        "inverts": rf"{_INVERSION}[^.!?;]*\?",
        "inverts without a mark": rf"^(?:(?:@user|hi|hey|hello|so|and|ok|dear|how|what|when|where)[\s,.!:-]+)*{_INVERSION}"
        r"[^?]*$",
        "asks why": r"\b(?:why|how come)\b",
        "opens as a question": rf"^(?:(?:@user|hi|hey|hello|so|and|ok|dear|question)[\s,.!:-]+)*{_OPENER}",
        "asks somebody": r"\b(?:can|could|would|will) (?:you|i|we|someone|somebody|anyone)\b|\b(?:is|are) there\b"
        r"|\bis it possible\b|\bhow (?:do|can|to|does|long|much|many)\b",
        "wants to know": r"\bany(?:one|body)? (?:know|idea|news|update|chance|word|recommendation\w*|advice|way)\b"
        r"|\bwondering\b|\blet me know\b|\b(?:have a|my|quick|few) questions?\b|\b(?:want to|wanna|like to) know\b"
        r"|\btell me\b|\b(?:who|where|what|how) (?:do|can|should|could) i\b|\bdo i (?:need|have) to\b",
        "wants help": r"\bneed (?:some |your )?(?:help|info\w*)\b|\bhelp me (?:with|out)\b|\b(?:speak|talk) (?:to|with)\b"
        r"|\bcontact me\b|\b(?:please|kindly|pls|plz) (?:advise|help|provide|send|dm|call|update|check|confirm)\b|\bdm me\b",
        "wants it mended": r"\b(?:can|could|will|would|when) (?:you|u|i|we|someone|somebody|anyone|any of you)\b[^.!?]{0,30}?"
        r"\b(?:help|fix|sort|solve|stop|look into|look at|gonna)\b|\b(?:pls|plz|please) (?:fix|help)\b|\bfix (?:it|this|your)\b",
        "has a fault": r"\b(?:doesn't|don't|won't|can't|not|isn't|didn't|never|stopped) (?:\w+ )?(?:work\w*|load\w*|open\w*|"
        r"respond\w*|arriv\w*|receiv\w*|connect\w*|show\w*|let\w*|play\w*|get|got)\b|\b(?:having|have) (?:an? |some )?"
        r"(?:issues?|trouble|problems?)\b|\bkeeps? \w+ing\b|\berror\b|\bcrash\w*|\bstill no\b",
        "insists": r"\b(?:even|ever|seriously|actually|really|already|gonna|the hell|tf|wtf|literally|just)\b",
        "law or press": r"\b(?:lawyers?|attorney|solicitor|barrister|courts?|sue|suing|sued|lawsuit|legal|illegal|"
        r"unlawful|law|ombudsman|regulator|police|journalist|reporter|press|media|gdpr|trading standards|"
        r"class action|bbb|better business|fcc|newspaper|article|interview)\b",
        "job": r"\b(?:jobs?|hiring|hire|hired|vacanc\w+|careers?|resume|cv|interview|interns?|internships?|recruit\w*|"
        r"apprentice\w*|employ\w+|openings?|appl(?:y|ied|ication\w*)|work (?:for|at) you)\b",
        "money": r"\$[A-Z]{2,5}\b|\b(?:shares?|shareholders?|stocks?|invest\w*|dividend\w*|earnings|ipo|valuation|"
        r"quarterly|q[1-4]|bonds?|analysts?|agm|takeover)\b",
        "leaves": r"\b(?:cancel(?:l?ing|l?ed)? (?:my|our|the|with)|switch(?:ed|ing)?|leaving|never (?:again|\w+ing)|"
        r"(?:not|won't|never) (?:be |come |coming |going )?back|(?:close|delete|deleted|closing) my|"
        r"unsubscri\w+|elsewhere|goodbye|bye|last time|done with|not renew\w*|lost (?:a|me|my|this)|from now on|"
        r"stop being a customer|another (?:company|provider|bank|airline))\b",
        "idea": r"\b(?:please (?:add|make|let|bring|give|put|consider|allow|open)|you (?:should|could)|"
        r"would be (?:so )?(?:nice|great|cool|good|awesome|better)|i wish|wish you|bring back|features?|ideas?|"
        r"suggest\w*|why not|how about|consider|imagine|option to|needs? (?:a|an|to))\b",
        "buys": r"\b(?:buy|buying|purchase|price|how much|pre-?order\w*|discount|promo|deals?|offers?|"
        r"interested in|looking (?:for|to)|thinking (?:of|about)|in stock|quote|sign up|i want (?:one|this|the)|"
        r"available)\b",
        "advises": r"\b(?:recommend\w*|should (?:all )?try|must have|go for|avoid|don't (?:buy|use|bother)|trust me|"
        r"worth (?:it|a|the)|try (?:the|this|it|them)|you (?:have|need) to|everyone|everybody|get the)\b",
        "thanks": r"\b(?:thanks?|thank you|thx|ty|cheers|appreciate\w*|grateful)\b",
        "likes": r"\b(?:love|loving|great|kudos|best|amazing|awesome|brilliant|lovely|shout ?out|well done|perfect|"
        r"excellent|happy|wonderful|impressed|hats off|delicious|friendly|bravo|beautiful|favou?rite|yay)\b|<3",
        "problem": r"\b(?:not|no|never|nothing|nobody|still|again|wrong|broken|error|fix|issues?|problems?|"
        r"waiting|waited|late|delay\w*|worst|refund|can't|cannot|won't|doesn't|didn't|isn't|don't|lost|charged|"
        r"rude|useless|down)\b",
        "smiles": r"(?<!\S)(?::D|:\)|;\)|:P|:\*|lol|haha\w*)(?!\S)",
        "exclaims": r"!",
        "link": r"\bhttp\b",
    }.items()
}  # fmt: skip
SIGNS = (*_SIGNS, "words", "few words", "very few words")
"""What is looked for in the words, in the order of the head's inputs."""


@dataclass(frozen=True)
class Head:
    """The trained numbers (`pipeline/weights/intent/head.npz`), made by `pipeline.train.intents`.

    Args:
        model: name of the model, without revision, whose embeddings it was trained on.
        weights: shape (inputs, intents); inputs are the embedding, the logits and the signs.
        bias: shape (intents,).
        mean, scale: of the embeddings of ordinary posts, shape (width,).
        background: embeddings of ordinary posts of all kinds, standardised, length 1, shape (posts, width).
    """

    model: str
    weights: Floats
    bias: Floats
    mean: Floats
    scale: Floats
    background: Floats

    def standardised(self, embeddings: Floats) -> Floats:
        """Embeddings of length 1 whose numbers count alike, shape (texts, width)."""
        moved = (embeddings - self.mean) / self.scale
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(length, 1e-6), dtype=np.float32)


class OwnIntents(NamedTuple):
    """A policy's own intents, ready to be compared; made by `IntentModel.learn`."""

    model: str
    """Name of the model, with revision, whose embeddings they are."""
    names: tuple[str, ...]
    mean: Floats
    """Of all examples and the background, shape (width,)."""
    weights: Floats
    """Shape (width, names + 1); the last column is the background's."""
    offsets: Floats
    """Shape (names + 1,)."""


class IntentModel:
    """Tells intents; keeps no state, any thread may call it.

    Args:
        head: the trained numbers; None: those that come with the package.
    """

    def __init__(self, head: Head | None = None) -> None:
        self._head = load_head() if head is None else head

    def learn(self, intents: Sequence[OwnIntent], model: TextModel) -> OwnIntents | None:
        """The own intents of a policy, from their examples; None without any, or if the model gives no embedding.

        Blocking for as long as the model reads the examples (at most 1,000) and some milliseconds more.

        Raises:
            Transient: the engine failed.
        """
        told = [(at, normalise(text)) for at, intent in enumerate(intents) for text in intent.examples]
        scores = model.score([text for _, text in told])
        known = [
            (at, one.embedding) for (at, _), one in zip(told, scores, strict=True) if one.embedding is not None
        ]
        if not known or len(known[0][1]) != len(self._head.mean):
            return None
        classes = np.array([at for at, _ in known])
        examples = self._head.standardised(np.stack([one for _, one in known]).astype(np.float32))
        mean, weights, offsets = _ridge(examples, classes, len(intents), self._head.background)
        return OwnIntents(model.name, tuple(intent.name for intent in intents), mean, weights, offsets)

    def tell(
        self, texts: Sequence[str], scores: Sequence[TextScores], model: str, own: OwnIntents | None = None
    ) -> list[Intent | None]:
        """What the writer of each text wants; same length and order.

        Args:
            texts: as the model read them.
            scores: what it said of them.
            model: its name, with revision. The built-in intents are told only of the model that the head was
                trained on, in any revision; own intents only of the very model that read their examples.
            own: the workspace's own intents; one of them that is sure enough goes before the built-in ones.
        """
        found: list[Intent | None] = [None] * len(texts)
        places = [at for at, one in enumerate(scores) if one.embedding is not None]
        if not places:
            return found
        embeddings = np.stack([scores[at].embedding for at in places]).astype(np.float32)
        if model.partition("@")[0] == self._head.model and embeddings.shape[1] == len(self._head.mean):
            probabilities = self.probabilities([texts[at] for at in places], [scores[at] for at in places])
            for at, row in zip(places, probabilities, strict=True):
                best = int(row.argmax())
                found[at] = Intent(name=INTENTS[best], confidence=round(float(row[best]), DECIMALS))
        if own is not None and own.model == model:
            for at, row in zip(places, self.own_probabilities(embeddings, own), strict=True):
                best = int(row[:-1].argmax())
                if row[best] >= OWN_THRESHOLD:
                    confidence = round(float(row[best]), DECIMALS)
                    found[at] = Intent(name=own.names[best], confidence=confidence, own=True)
        return found

    def probabilities(self, texts: Sequence[str], scores: Sequence[TextScores]) -> Floats:
        """Of each built-in intent (columns, order of `INTENTS`) for texts with an embedding; rows add up to 1."""
        values = inputs(texts, scores) @ self._head.weights + self._head.bias
        return _softmax(values)

    def own_probabilities(self, embeddings: Floats, own: OwnIntents) -> Floats:
        """Of each own intent and, in the last column, of none of them; rows add up to 1."""
        values = (self._head.standardised(embeddings) - own.mean) @ own.weights + own.offsets
        return _softmax(_SHARPNESS * values)


def load_head() -> Head:
    """Reads the head that comes with the package.

    Raises:
        FileNotFoundError: the package is not whole.
        ValueError: the head is of another version of this code.
    """
    path = files("pipeline") / "weights" / "intent" / "head.npz"
    with np.load(io.BytesIO(path.read_bytes())) as stored:
        if tuple(stored["intents"]) != INTENTS or tuple(stored["signs"]) != SIGNS:
            raise ValueError(f"{path}: trained for other intents or signs: run python -m pipeline.train.intents")
        background = stored["background"].astype(np.float32)
        return Head(
            model=str(stored["model"]),
            weights=stored["weights"].astype(np.float32),
            bias=stored["bias"].astype(np.float32),
            mean=stored["mean"].astype(np.float32),
            scale=stored["scale"].astype(np.float32),
            background=background / np.linalg.norm(background, axis=1, keepdims=True),
        )


def inputs(texts: Sequence[str], scores: Sequence[TextScores]) -> Floats:
    """What the head reads of texts with an embedding, shape (texts, width + logits + signs)."""
    said = [one.embedding for one in scores if one.embedding is not None]
    logits = [[_logit(getattr(one, head)) for head in _HEADS] for one in scores]
    signs = [signs_of(text) for text in texts]
    return np.hstack([np.stack(said), np.array(logits), np.array(signs)]).astype(np.float32)


def signs_of(text: str) -> list[float]:
    """The `SIGNS` of a normalised text, each 0..1 but the logarithm of the number of words."""
    words = sum(word not in ("@user", "http") for word in text.split())
    found = [float(pattern.search(text) is not None) for pattern in _SIGNS.values()]
    return [*found, math.log1p(words), float(words <= 7), float(words <= 3)]


def _logit(probability: float | None) -> float:
    cut = min(max(0.5 if probability is None else probability, _LEAST), _MOST)
    return math.log(cut / (1 - cut))


def _ridge(
    examples: Floats, classes: NDArray[np.int64], count: int, background: Floats
) -> tuple[Floats, Floats, Floats]:
    """Ridge regression of class membership (1 or 0), the background as one more class, solved in its dual form."""
    rows = np.vstack([examples, background]).astype(np.float64)
    wanted = np.zeros((len(rows), count + 1))
    wanted[np.arange(len(rows)), np.concatenate([classes, np.full(len(background), count)])] = 1
    mean, offsets = rows.mean(axis=0), wanted.mean(axis=0)
    centred = rows - mean
    products = centred @ centred.T
    products[np.diag_indices_from(products)] += _RIDGE * np.trace(products) / len(rows)
    weights = centred.T @ np.linalg.solve(products, wanted - offsets)
    return mean.astype(np.float32), weights.astype(np.float32), offsets.astype(np.float32)


def _softmax(values: Floats) -> Floats:
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)
