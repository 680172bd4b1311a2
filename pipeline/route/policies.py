"""The policies in force, with their queues looked up by name, as routing reads them.

They are part of the router's state. So a restart goes on with the policies of before, also when the topic
`policies` holds a newer record that nobody can read.
"""

from typing import Literal, NamedTuple

from msgspec.structs import replace

from pipeline.ports.decider import PolicyMark
from pipeline.route.fairness import bound
from pipeline.route.messages import ScoredPost
from pipeline.route.sla.clocks import Terms
from pipeline.route.sla.hours import Hours
from pipeline.route.sla.terms import PolicyTerms
from pipeline.route.state.entities import Case, PolicyInForce, Rep
from pipeline.route.state.state import State
from schemas.policy.policy import Brand, Policy
from schemas.policy.queues import ChannelWeights, Queue, Ring, Sticky
from schemas.policy.staffing import Lease
from schemas.posts.raw import Visibility

OFFER_TIMEOUT_S: int = Queue.model_fields["offer_timeout_s"].default
REOPEN_WITHIN_S: int = Queue.model_fields["reopen_within_s"].default
LEASE: Lease = Policy.model_fields["lease"].default
REFUSAL_TTL_S: int = Queue.model_fields["refusal_ttl_s"].default
NOT_STICKY: Sticky = Queue.model_fields["sticky"].default
MISSED_OFFERS: int = Policy.model_fields["missed_offers"].default
OLDEST_EVERY: int = Policy.model_fields["oldest_every"].default
"""The contract's defaults hold for cases whose queue or policy was withdrawn while they waited."""

Gone = Literal["signed_out", "lease_over", "away", "not_responding"]
"""Why a rep is gone."""


class SilenceLimits(NamedTuple):
    """How long a case of a queue may lie with its rep, in milliseconds; None for any time."""

    reply_ms: int | None
    """Until the first reply."""
    follow_up_ms: int | None
    """Until a further one, after the contact has written again."""
    idle_ms: int | None
    """After an answer to which nothing follows."""


class Line(NamedTuple):
    """What places a case in its queue besides its priority."""

    rings: tuple[Ring, ...] = ()
    by_breach: bool = False
    """Whether the case with the nearest deadline goes first."""


class View(NamedTuple):
    """One workspace's policy as routing reads it."""

    policy: Policy
    queues: dict[str, Queue]
    terms: PolicyTerms
    brand_ids: frozenset[str]
    """The accounts of all brands."""
    lines: dict[str, Line]
    """What places the cases of the queues in which it is more than their priority."""
    accounts: dict[str, Brand]
    """The brand of each account, where there are several brands."""
    sender: str | None
    """The account that answers for the first brand."""
    weights: dict[str, tuple[ChannelWeights, bool]]
    """Weights and whether they are interruptible, of the queues whose cases do not each take one unit."""
    rotating: frozenset[str]
    """The queues in which reps take turns."""

    silence: dict[str, SilenceLimits]
    """The limits of the queues that have any."""
    is_dated: bool
    """Whether cases hold instants by any of these."""


def _weight(queue: Queue) -> tuple[ChannelWeights, bool]:
    return queue.channel_weights, queue.interruptible


_LIGHT = (ChannelWeights(), False)


class PolicyBook:
    """Looks up the policies of all workspaces.

    Args:
        state: holds them.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._views: dict[str, View] = state.indexes.views

    def take(self, workspace: str, held: PolicyInForce | None) -> bool:
        """Puts a policy in force, None ends the workspace's, and returns whether cases are to be counted anew."""
        before = self._counted(workspace)
        self._state.put("policy", workspace, "", held)
        return self._counted(workspace) != before

    def _counted(self, workspace: str) -> object:
        """Returns all on which instants and weights depend that cases hold."""
        limits = self.lines(workspace), self.silence_limits(workspace)
        return self.promises(workspace), limits, self.weights(workspace)

    def marks(self) -> dict[str, PolicyMark]:
        """Returns version and digest of the policy in force of each workspace."""
        return {
            workspace: PolicyMark(held.policy.version, held.digest)
            for workspace, held in sorted(self._state.indexes.policies.items())
        }

    def view(self, workspace: str) -> View | None:
        """Returns the policy in force, None when the workspace has none."""
        view = self._views.get(workspace)
        if view is None and (held := self._state.indexes.policies.get(workspace)) is not None:
            queues = {queue.name: queue for queue in held.policy.queues}
            lines = {
                queue.name: Line(queue.rings, queue.order == "time_to_breach") for queue in held.policy.queues
            }
            lines = {name: line for name, line in lines.items() if line != Line()}
            brands = held.policy.all_brands
            accounts = {author_id: brand for brand in brands for author_id in brand.author_ids}
            silence = {
                queue.name: SilenceLimits(
                    _ms(queue.reply_within_s), _ms(queue.follow_up_within_s), _ms(queue.idle_s)
                )
                for queue in held.policy.queues
                if any((queue.reply_within_s, queue.follow_up_within_s, queue.idle_s))
            }
            terms = PolicyTerms(held.policy)
            weights = {queue.name: _weight(queue) for queue in held.policy.queues if _weight(queue) != _LIGHT}
            view = View(
                held.policy,
                queues,
                terms,
                frozenset(accounts),
                lines,
                accounts if len(brands) > 1 else {},
                held.policy.brand.sender,
                weights,
                frozenset(queue.name for queue in held.policy.queues if queue.fairness == "round_robin"),
                silence,
                is_dated=bool(terms.promises or lines or silence),
            )
            self._views[workspace] = view
        return view

    def version(self, workspace: str) -> int:
        """Returns the version in force, 0 without a policy."""
        view = self.view(workspace)
        return 0 if view is None else view.policy.version

    def queue(self, workspace: str, name: str | None) -> Queue | None:
        """Returns the queue of that name, or the policy's default queue where it has none of that name.

        None without a policy.
        """
        view = self.view(workspace)
        if view is None:
            return None
        queue = None if name is None else view.queues.get(name)
        return view.policy.fallback if queue is None else queue

    def terms(self, workspace: str, queue: str, priority: float, channel: Visibility) -> Terms | None:
        """Returns by what the clocks of a case run; None where its queue has no SLA."""
        view = self.view(workspace)
        return None if view is None else view.terms.of(queue, priority, channel)

    def promises(self, workspace: str) -> object:
        """Returns all on which deadlines depend, the same for policies that promise the same; None for nothing."""
        view = self.view(workspace)
        return None if view is None else view.terms.promises

    def lines(self, workspace: str) -> dict[str, Line]:
        """Returns what places the cases of the queues in which it is more than their priority."""
        view = self.view(workspace)
        return {} if view is None else view.lines

    def silence_limits(self, workspace: str) -> dict[str, SilenceLimits]:
        """Returns how long cases may lie with their reps, by queue, where that is limited."""
        view = self.view(workspace)
        return {} if view is None else view.silence

    def hours(self, workspace: str, calendar: str) -> Hours:
        """Returns the opening hours of a calendar of the policy in force."""
        view = self.view(workspace)
        assert view is not None, "the calendar is of a policy"
        return view.terms.hours(calendar)

    def placed(self, case: Case) -> Case:
        """Returns a case with the times that place it in its queue: of the next ring, and of the next breach."""
        rings, by_breach = self.lines(case.workspace).get(case.queue, Line())
        ring_ms = (
            case.entered_ms + 1000 * rings[case.extras.ring].after_s if case.extras.ring < len(rings) else None
        )
        breach_ms = None
        if by_breach:
            breach_ms = None if case.clocks is None else case.clocks.breach_ms
            breach_ms = case.respond_by_ms if breach_ms is None else breach_ms
        same = case.extras.ring_ms == ring_ms and case.extras.breach_ms == breach_ms
        return case if same else case._replace(ring_ms=ring_ms, breach_ms=breach_ms)

    def widened(self, case: Case, now_ms: int) -> Case:
        """Returns a case in the last ring of its queue whose time has come."""
        rings = self.lines(case.workspace).get(case.queue, Line()).rings
        reached, priority = case.extras.ring, case.priority
        while reached < len(rings) and case.entered_ms + 1000 * rings[reached].after_s <= now_ms:
            priority = min(100.0, priority + rings[reached].raise_priority)
            reached += 1
        return case._replace(ring=reached, priority=priority).lapsed(now_ms)

    def kept_away_ms(self, case: Case, now_ms: int, *, timed_out: bool = False) -> int:
        """Returns until when a rep is not asked again who has refused a case, in milliseconds since the epoch.

        Whoever has let it time out is asked again in the next ring, if there is one.
        """
        if timed_out and case.extras.ring_ms is not None:
            return case.extras.ring_ms
        view = self.view(case.workspace)
        settings = None if view is None else view.queues.get(case.queue)
        return now_ms + 1000 * (REFUSAL_TTL_S if settings is None else settings.refusal_ttl_s)

    def weights(self, workspace: str) -> dict[str, tuple[ChannelWeights, bool]]:
        """Returns what the cases take of a rep's capacity, of the queues that say something about it."""
        view = self.view(workspace)
        return {} if view is None else view.weights

    def weighed(self, case: Case) -> Case:
        """Returns a case with what it takes of a rep's capacity. One that somebody has stays as it is."""
        if case.offer is not None:
            return case
        by_channel, interruptible = self.weights(case.workspace).get(case.queue, _LIGHT)
        weight = by_channel.direct if case.channel == "direct" else by_channel.public
        if (case.extras.weight, case.extras.interruptible) == (weight, interruptible):
            return case
        return case._replace(weight=weight, interruptible=interruptible)

    def sticky(self, workspace: str, queue: str) -> Sticky:
        """Returns whether the cases of that queue go first to the rep of an earlier case."""
        view = self.view(workspace)
        settings = None if view is None else view.queues.get(queue)
        # Whoever picks by hand is not asked.
        return NOT_STICKY if settings is None or settings.mode == "pull" else settings.sticky

    def offers_per_hour(self, workspace: str) -> int | None:
        """Returns how many offers a rep gets within an hour at most; None for any number."""
        view = self.view(workspace)
        return None if view is None else view.policy.offers_per_hour

    def after_offer(self, rep: Rep, queue: str, now_ms: int) -> Rep:
        """Returns a rep who is offered a case of that queue."""
        view = self.view(rep.workspace)
        if view is None or (view.policy.offers_per_hour is None and not view.rotating):
            return replace(rep, last_offer_ms=now_ms)
        return bound.offered(rep, now_ms, view.policy.offers_per_hour, queue, view.rotating)

    def offer_timeout_ms(self, workspace: str, queue: str) -> int:
        """Returns how long an offer of that queue stands, in milliseconds."""
        view = self.view(workspace)
        settings = None if view is None else view.queues.get(queue)
        return 1000 * (OFFER_TIMEOUT_S if settings is None else settings.offer_timeout_s)

    def reopen_within_ms(self, workspace: str, queue: str) -> int:
        """Returns how long after its end a case of that queue is reopened, in milliseconds."""
        view = self.view(workspace)
        settings = None if view is None else view.queues.get(queue)
        return 1000 * (REOPEN_WITHIN_S if settings is None else settings.reopen_within_s)

    def remembered_ms(self, workspace: str, queue: str) -> int:
        """Returns how long after its end somebody asks for a case of that queue, in milliseconds."""
        view = self.view(workspace)
        settings = None if view is None else view.queues.get(queue)
        if settings is None or settings.sticky.scope == "off":
            return 1000 * (REOPEN_WITHIN_S if settings is None else settings.reopen_within_s)
        return 1000 * max(settings.reopen_within_s, settings.sticky.ttl_s)

    def wrap_up_ms(self, workspace: str, queue: str) -> int:
        """Returns how long a resolved case of that queue still takes its rep, in milliseconds."""
        view = self.view(workspace)
        settings = None if view is None else view.queues.get(queue)
        return 0 if settings is None else 1000 * settings.wrap_up_s

    def is_brand(self, workspace: str, author_id: str) -> bool:
        """Whether that is an account of one of the workspace's brands."""
        view = self.view(workspace)
        return view is not None and author_id in view.brand_ids

    def brand_of(self, post: ScoredPost) -> str | None:
        """Returns the brand, of several, whose account a post addresses or is by; None where it does not say."""
        view = self.view(post.workspace)
        if view is None or not view.accounts:
            return None
        for account in (post.author.author_id, post.in_reply_to_author, post.quote_of_author):
            brand = None if account is None else view.accounts.get(account)
            if brand is not None:
                return brand.name
        return None

    def sender(self, case: Case) -> str | None:
        """Returns the account that answers for the brand which the case is about; None for any of its accounts."""
        view = self.view(case.workspace)
        if view is None:
            return None
        if not view.accounts:
            return view.sender
        return next((brand.sender for brand in view.policy.all_brands if brand.name == case.extras.brand), None)

    def oldest_every(self, workspace: str) -> int:
        """Returns n, where every n-th pick of a class of reps takes the oldest case that it may take."""
        view = self.view(workspace)
        return OLDEST_EVERY if view is None else view.policy.oldest_every

    def lease_ms(self, workspace: str) -> int:
        """Returns how long a desktop counts as present after a heartbeat, in milliseconds."""
        view = self.view(workspace)
        return 1000 * (LEASE if view is None else view.policy.lease).seconds

    def missed_offers(self, workspace: str) -> int:
        """Returns after how many missed offers in a row a rep gets no more."""
        view = self.view(workspace)
        return MISSED_OFFERS if view is None else view.policy.missed_offers

    def releases(self, workspace: str, gone: Gone) -> Literal["all", "unanswered", "none"]:
        """Returns which accepted cases go back when their rep is gone. With any of them, all open offers do."""
        view = self.view(workspace)
        if view is None:
            return "unanswered" if gone in ("signed_out", "lease_over") else "none"
        if gone in ("signed_out", "lease_over"):
            return view.policy.sign_out_release
        return view.policy.away_release if gone == "away" else view.policy.silent_release


def _ms(seconds: int | None) -> int | None:
    return None if seconds is None else 1000 * seconds
