"""Compares a policy with the one in force and the open cases, which it asks Kafka for, or with another file."""

from collections import Counter
from typing import NamedTuple

from pipeline.adapters.kafka.policies.publication import published_policy
from pipeline.adapters.kafka.reader import read_topic
from pipeline.app.offline.changes import Place, changes, moved
from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from pipeline.settings import KafkaSettings
from schemas.cases.case import CaseCurrent
from schemas.policy.policy import Policy
from schemas.topics import CASES


class Compared(NamedTuple):
    """What a policy would change."""

    before: int | None
    """Version of the policy that it was compared with; None where there is none."""
    changes: list[str]
    waiting: int | None
    """Waiting cases of the workspace; None where they were not asked for."""
    moved: int
    """Those of them that go to another queue or team."""

    def summary(self, new: Policy) -> str:
        """Returns the whole in one line."""
        before = "no policy" if self.before is None else f"version {self.before}"
        cases = "" if self.waiting is None else f"; {self.moved:,} of {self.waiting:,} waiting cases move"
        refused = self.changes and self.before is not None and new.version <= self.before
        hint = f"; to be applied it needs a version above {self.before}" if refused else ""
        return f"{len(self.changes)} changes from {before} to version {new.version}{cases}{hint}"


def compare_published(kafka: KafkaSettings, new: Policy) -> Compared:
    """Compares a policy with the published one of its workspace.

    Raises:
        ServiceMissing: no broker answers, or a topic does not exist.
        Transient: the open cases did not come.
    """
    old, cases = published_policy(kafka, new.workspace), open_cases(kafka, new.workspace)
    waiting = sum(count for place, count in cases.items() if place.waits)
    version = None if old is None else old.version
    return Compared(version, list(changes(old, new, cases)), waiting, moved(new, cases))


def compare_files(old: Policy, new: Policy) -> Compared:
    """Compares two policies without asking for cases.

    Raises:
        Misconfigured: they are of two workspaces.
    """
    if old.workspace != new.workspace:
        raise Misconfigured(f"the policies are of two workspaces, {old.workspace} and {new.workspace}")
    return Compared(old.version, list(changes(old, new, None)), None, 0)


def open_cases(kafka: KafkaSettings, workspace: str) -> Counter[Place]:
    """Counts the open cases of a workspace by where they are, as `cases.current` has them now.

    Raises:
        ServiceMissing: no broker answers, or the topic does not exist.
        Transient: nothing came for a minute.
    """
    places: dict[bytes, Place] = {}
    for message in read_topic(kafka, CASES.name):
        key, value = message.key() or b"", message.value()
        places.pop(key, None)
        try:
            case = None if value is None else decode(CaseCurrent, value)
        except Permanent:  # of another major version, which is for the audit to say
            continue
        if case is not None and case.workspace == workspace:
            places[key] = Place(case.queue, case.team, case.state == "waiting")
    return Counter(places.values())
