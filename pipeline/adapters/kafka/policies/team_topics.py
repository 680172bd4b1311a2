"""Makes team topics that policies name and the cluster does not have.

`earshot policy apply` makes them first. A policy that came another way, a restored cluster or a topic that
somebody deleted would otherwise leave a team without its offers.
"""

import time
from collections.abc import Mapping

from confluent_kafka import KafkaException

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.reach import reach
from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.logs import get_log
from pipeline.settings import KafkaSettings
from schemas.policy.policy import Policy
from schemas.topics import team_topic

ANSWER_S = 5.0
"""The router's own thread asks, and decides nothing meanwhile."""
PAUSE_S = 10.0
"""A broker in trouble undoes one transaction after another, and is not asked about topics after each."""


class TeamTopics:
    """Looks whether team topics are missing, but only when there is a reason to.

    Args:
        kafka: resolved.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._log = get_log("policies")
        self._policies: Mapping[str, Policy] | None = None
        self._alarms = 0
        self._not_before_s = 0.0

    def keep(self, policies: Mapping[str, Policy], alarms: int) -> None:
        """Makes what is missing if the policies are others than in the last call, or `alarms` has grown.

        Args:
            policies: workspace to policy; a new mapping each time that something changed.
            alarms: how often a transaction was undone, perhaps for a topic that is missing.
        """
        alarmed = alarms > self._alarms and time.monotonic() >= self._not_before_s
        if policies is self._policies and not alarmed:
            return
        if alarmed:
            self._alarms, self._not_before_s = alarms, time.monotonic() + PAUSE_S
        self._policies = policies
        try:
            self._make_missing(policies)
        except (KafkaException, Misconfigured, ServiceMissing) as error:
            self._log.error("team topics cannot be made", error=str(error))

    def _make_missing(self, policies: Mapping[str, Policy]) -> None:
        existing = reach(self._kafka, ANSWER_S).list_topics(timeout=ANSWER_S).topics
        needed = (team_topic(policy.workspace, team) for policy in policies.values() for team in policy.teams)
        missing = [topic for topic in needed if topic.name not in existing]
        if missing:
            made = ensure_topics(self._kafka, missing)
            self._log.warning("team topics were missing", made=[plan.topic.name for plan in made])
