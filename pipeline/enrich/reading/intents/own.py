"""Which intent each post of a batch has, by the built-in intents and those of its workspace's policy.

In: texts that a model read, its answers, the policies. Out: an intent a text. Never here: how intents are told
(`intent.py`). The examples of a policy are read once by each model that reads its posts, when first needed.
"""

from collections.abc import Mapping, Sequence

from pipeline.enrich.reading.intents.model import IntentModel, OwnIntents
from pipeline.ports.models import TextModel, TextScores
from schemas.policy.policy import OwnIntent, Policy
from schemas.posts.signals import Intent


class Intents:
    """Tells the intents of posts of any workspace; remembers what it learned of the newest policy of each.

    Args:
        model: tells intents.
    """

    def __init__(self, model: IntentModel) -> None:
        self._model = model
        self._own: dict[tuple[str, str], tuple[tuple[OwnIntent, ...], OwnIntents | None]] = {}

    def tell(
        self,
        texts: Sequence[str],
        scores: Sequence[TextScores],
        workspaces: Sequence[str],
        reader: TextModel,
        policies: Mapping[str, Policy],
    ) -> list[Intent | None]:
        """The intent of each text; same length and order.

        Args:
            texts: as `reader` read them.
            scores: what it said of them.
            workspaces: of each text.
            reader: reads the examples of own intents too, if it has not yet.
            policies: workspace to its policy.

        Raises:
            Transient: the engine failed on the examples.
        """
        found: list[Intent | None] = [None] * len(texts)
        for workspace in dict.fromkeys(workspaces):
            places = [at for at, each in enumerate(workspaces) if each == workspace]
            own = self._learned(workspace, policies.get(workspace), reader)
            told = self._model.tell([texts[at] for at in places], [scores[at] for at in places], reader.name, own)
            for at, intent in zip(places, told, strict=True):
                found[at] = intent
        return found

    def _learned(self, workspace: str, policy: Policy | None, reader: TextModel) -> OwnIntents | None:
        if policy is None or not policy.intents:
            return None
        known = self._own.get((workspace, reader.name))
        # By identity first: a policy hands out its parts unchanged.
        if known is None or (known[0] is not policy.intents and known[0] != policy.intents):
            known = policy.intents, self._model.learn(policy.intents, reader)
            self._own[workspace, reader.name] = known
        return known[1]
