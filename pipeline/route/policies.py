"""The policies in force, with their queues looked up by name, as routing reads them.

A `PolicyBook` asks for the policies by a function and never changes them.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from schemas.policy.policy import Policy, Queue

OFFER_TIMEOUT_S: int = Queue.model_fields["offer_timeout_s"].default
OLDEST_EVERY: int = Policy.model_fields["oldest_every"].default
"""The contract's defaults hold for cases whose queue or policy was withdrawn while they waited."""


class View(NamedTuple):
    """One workspace's policy as routing reads it."""

    policy: Policy
    queues: dict[str, Queue]


class PolicyBook:
    """Looks up the policies of all workspaces.

    Args:
        policies: gives the policy in force of each workspace; it is asked anew for each record.
    """

    def __init__(self, policies: Callable[[], Mapping[str, Policy]]) -> None:
        self._policies = policies
        self._views: dict[str, View] = {}

    def view(self, workspace: str) -> View | None:
        """Returns the policy in force, None when the workspace has none."""
        policy = self._policies().get(workspace)
        if policy is None:
            return None
        view = self._views.get(workspace)
        # By identity, because comparing two large policies for each record would be slow.
        if view is None or view.policy is not policy:
            view = self._views[workspace] = View(policy, {queue.name: queue for queue in policy.queues})
        return view

    def version(self, workspace: str) -> int:
        """Returns the version in force, 0 without a policy."""
        view = self.view(workspace)
        return 0 if view is None else view.policy.version

    def versions(self) -> dict[str, int]:
        """Returns the version in force of each workspace, sorted by workspace."""
        return {workspace: policy.version for workspace, policy in sorted(self._policies().items())}

    def offer_timeout_ms(self, workspace: str, queue: str) -> int:
        """Returns how long an offer of that queue stands, in milliseconds."""
        view = self.view(workspace)
        settings = None if view is None else view.queues.get(queue)
        return 1000 * (OFFER_TIMEOUT_S if settings is None else settings.offer_timeout_s)

    def oldest_every(self, workspace: str) -> int:
        """Returns n, where every n-th pick of a queue takes its oldest case."""
        view = self.view(workspace)
        return OLDEST_EVERY if view is None else view.policy.oldest_every

    def sign_out_release(self, workspace: str) -> Literal["all", "unanswered"]:
        """Returns which accepted cases go back when their rep signs out."""
        view = self.view(workspace)
        return "unanswered" if view is None else view.policy.sign_out_release
