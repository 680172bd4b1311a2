"""The intents of a batch of posts, by the built-in ones and those of each workspace's policy.

`model` knows how a text is classified. This module keeps what was fitted on the examples of each policy. Each
model that reads a workspace's posts reads the examples once, when they are first needed.
"""

from collections.abc import Mapping, Sequence

from pipeline.enrich.reading.intents.model import IntentModel, OwnIntents
from pipeline.ports.models import TextModel, TextScores
from schemas.policy.policy import OwnIntent, Policy
from schemas.posts.signals import Intent


class IntentReader:
    """Classifies posts of any workspace, and keeps what was fitted on the newest policy of each.

    Args:
        model: classifies texts.
    """

    def __init__(self, model: IntentModel) -> None:
        self._model = model
        self._own: dict[tuple[str, str], tuple[tuple[OwnIntent, ...], OwnIntents | None]] = {}

    def classify(
        self,
        texts: Sequence[str],
        scores: Sequence[TextScores],
        workspaces: Sequence[str],
        reader: TextModel,
        policies: Mapping[str, Policy],
    ) -> list[Intent | None]:
        """Returns the intent of each text, in the same length and order.

        Args:
            texts: as `reader` read them.
            scores: the answers of `reader` to them.
            workspaces: the workspace of each text.
            reader: reads the examples of own intents too, if it has not yet.
            policies: workspace to its policy.

        Raises:
            Transient: the engine failed on the examples.
        """
        intents: list[Intent | None] = [None] * len(texts)
        for workspace in dict.fromkeys(workspaces):
            indexes = [index for index, name in enumerate(workspaces) if name == workspace]
            own = self._own_intents_of(workspace, policies.get(workspace), reader)
            part = self._model.classify(
                [texts[index] for index in indexes], [scores[index] for index in indexes], reader.name, own
            )
            for index, intent in zip(indexes, part, strict=True):
                intents[index] = intent
        return intents

    def _own_intents_of(self, workspace: str, policy: Policy | None, reader: TextModel) -> OwnIntents | None:
        if policy is None or not policy.intents:
            return None
        fitted = self._own.get((workspace, reader.name))
        # Identity is asked first: a policy hands out its parts unchanged, and comparing 1,000 examples costs more.
        if fitted is None or (fitted[0] is not policy.intents and fitted[0] != policy.intents):
            fitted = policy.intents, self._model.fit_own_intents(policy.intents, reader)
            self._own[workspace, reader.name] = fitted
        return fitted[1]
