"""Policies, rosters and days at the desk by seed, and what must hold after each transaction of any of them.

What a test draws freely is seldom a day on which much happens. Here reps sign in first, and work is done.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from hypothesis import strategies as st

from pipeline.codec import decode
from pipeline.route.matching import takers
from pipeline.route.router import Router
from pipeline.route.skills import need_of
from pipeline.route.state.entities import Case, Rep
from schemas.cases.case import Assignment, CaseEvent
from schemas.policy.policy import Policy
from schemas.policy.queues import ChannelWeights, Limits, Queue, Ring, Sticky
from schemas.policy.staffing import Lease
from schemas.posts.scored import SkillNeed
from schemas.topics import ASSIGNMENTS, CASE_EVENTS
from tests.builders import WORKSPACE, policy
from tests.property.route_play import KINDS, POLICIES, WAITS_MS, Desk, Played, Player, Step, new_router

TEAMS = ("care", "social")
NAMES = ("care", "fans", "billing", "shelf")
RELEASES = ("all", "unanswered", "none")
STEPS_A_DAY = 60


def any_policy(chance: Random) -> Policy:
    """Returns a policy with queues of any kind. The one named `shelf` is picked from by hand."""
    plain = POLICIES[WORKSPACE]
    return policy(
        oldest_every=chance.choice([2, 3, 10]),
        missed_offers=chance.choice([1, 2, 3]),
        offers_per_hour=chance.choice([None, None, 2, 5]),
        away_release=chance.choice(RELEASES),
        silent_release=chance.choice(RELEASES),
        sign_out_release=chance.choice(["all", "unanswered"]),
        lease=Lease(seconds=chance.choice([30, 90, 600])),
        queues=tuple(_queue(name, chance) for name in NAMES),
        calendars=plain.calendars,
        slas=plain.slas,
    )


def _queue(name: str, chance: Random) -> Queue:
    def perhaps(*values: Any) -> Any:
        return chance.choice([None, *values])

    # Each team has a queue, so that rings may add either.
    team = {"care": "care", "fans": "social"}.get(name) or chance.choice(TEAMS)
    overflow = "fans" if name != "fans" and chance.random() < 0.3 else None
    return Queue(
        name=name,
        team=team,
        mode="pull" if name == "shelf" else "push",
        offer_timeout_s=chance.choice([5, 60, 120]),
        sla=perhaps("care"),
        calendar=perhaps("hours"),
        closed=chance.choice(["hold", "overflow"]) if overflow else "hold",
        skills=tuple(_need(skill, chance) for skill in ("es", "fr") if chance.random() < 0.25),
        rings=_rings(chance, next(other for other in TEAMS if other != team)),
        fairness=chance.choice(["load", "longest_idle", "round_robin"]),
        sticky=Sticky(scope=chance.choice(["off", "queue", "any"]), hold_s=chance.choice([0, 20, 60])),
        channel_weights=ChannelWeights(public=chance.choice([1, 1, 2]), direct=chance.choice([1, 3])),
        interruptible=chance.random() < 0.2,
        wrap_up_s=chance.choice([0, 0, 60]),
        reply_within_s=perhaps(60),
        follow_up_within_s=perhaps(40),
        idle_s=perhaps(130),
        reopen_within_s=chance.choice([0, 600, 259_200]),
        refusal_ttl_s=chance.choice([30, 1800]),
        limits=Limits(max_waiting=chance.choice([1, 3]), overflow_queue=overflow) if overflow else Limits(),
    )


def _need(skill: str, chance: Random) -> SkillNeed:
    return SkillNeed(name=skill, level=chance.choice([1, 2, 3]), required=chance.random() < 0.3)


def _rings(chance: Random, other: str) -> tuple[Ring, ...]:
    ends = sorted(chance.sample([30, 60, 120, 300], chance.randrange(4)))
    return tuple(
        Ring(
            after_s=after_s,
            lower_levels=chance.randrange(3),
            drop_optional=chance.random() < 0.3,
            add_teams=(other,) if chance.random() < 0.3 else (),
            raise_priority=chance.choice([1.0, 20.0]),
        )
        for after_s in ends
    )


def any_roster(chance: Random) -> dict[str, dict[str, Any]]:
    """Returns three reps."""
    return {
        f"r{number}": {
            "teams": tuple(chance.sample(TEAMS, chance.randint(1, 2))),
            "skills": (skills := tuple(chance.sample(["es", "fr"], chance.randrange(3)))),
            "levels": {skill: chance.randint(1, 5) for skill in skills},
            "capacity": chance.randint(1, 6),
        }
        for number in range(3)
    }


def any_steps(chance: Random) -> list[Step]:
    """Returns the steps of a day that begins with reps who sign in."""

    def step(kind: str, who: int) -> Step:
        return Step(kind, who, chance.randrange(10), chance.choice(WAITS_MS), chance.random() < 0.5)

    kinds = KINDS + ["post", "accept", "accept"] * 5
    came = [step("sign_in", who) for who in range(3)]
    return came + [step(chance.choice(kinds), chance.randrange(5)) for _ in range(STEPS_A_DAY)]


class AnyDay:
    """One day at a desk, with all that is told of it.

    Args:
        seed: of the policy, the roster and the steps.
    """

    def __init__(self, seed: int) -> None:
        chance = Random(seed)
        self.policy, self.roster = any_policy(chance), any_roster(chance)
        self._queues = {queue.name: queue for queue in self.policy.queues}
        self.router: Router = new_router()
        self.player = Player(Desk(self.router, {WORKSPACE: self.policy}), self.roster)
        self.steps = any_steps(chance)
        self._holders: dict[str, str] = {}
        self._seqs: dict[str, int] = {}
        self._reasons: set[str] = set()
        self._event_ids: set[str] = set()

    def play(self) -> int:
        """Plays the day, and returns how many offers were made.

        Raises:
            AssertionError: a promise was broken.
        """
        offers = 0
        for step in self.steps:
            played = len(self.player.day)
            self.player.play([step])
            for transaction in self.player.day[played:]:
                offers += self._judge(transaction)
        return offers

    def _judge(self, played: Played) -> int:
        offers = 0
        for output in played.decisions.outputs:
            if output.topic == ASSIGNMENTS.name:
                offers += self._hold(decode(Assignment, output.value))
            elif output.topic == CASE_EVENTS.name:
                self._tell(decode(CaseEvent, output.value))
        workspace = self.router._state.workspaces[WORKSPACE]
        for rep in workspace.reps.values():
            self._judge_rep(rep, [each for each in workspace.cases.values() if _is_of(each, rep)])
        for case in workspace.cases.values():
            self._judge_case(case, workspace.reps)
        due_ms = self.router.next_timer_ms()
        assert due_ms is None or due_ms > played.decided.now_ms or played.records, "a timer is stuck"
        return offers

    def _hold(self, said: Assignment) -> int:
        """Follows who has a case."""
        if said.state == "offered" and not said.update:
            assert said.case_id not in self._holders, "offered while somebody has it"
            self._holders[said.case_id] = said.rep_id
            if said.reason == "matched":
                self._judge_skills(said)
            return 1
        if said.state in ("offered", "assigned"):
            assert self._holders.setdefault(said.case_id, said.rep_id) == said.rep_id, "two have it"
        else:
            assert self._holders.pop(said.case_id) == said.rep_id, "taken from somebody who had it not"
        return 0

    def _judge_skills(self, said: Assignment) -> None:
        case = self.router._state.case(WORKSPACE, said.case_id)
        if case is None or case.attempt != said.attempt or case.queue != said.queue:
            return  # it went on in the same transaction
        queue, roster = self._queues[case.queue], self.roster[said.rep_id]
        rings = queue.rings[: case.extras.ring]
        added = {team for ring in rings for team in ring.add_teams}
        assert ({queue.team} | added) & set(roster["teams"]), "of no team that may take it"
        lowered = sum(ring.lower_levels for ring in rings)
        dropped = any(ring.drop_optional for ring in rings)
        needs = [need_of(word) for word in case.skills]
        needs += [need_of(f"{need.name}:{need.level}{'!' * need.required}") for need in _needs(queue)]
        for need in needs:
            if need.required or not dropped:
                assert roster["levels"].get(need.name, 0) >= max(1, need.level - lowered), "unskilled"

    def _judge_rep(self, rep: Rep, cases: list[Case]) -> None:
        firm = sum(case.extras.weight for case in cases if not case.extras.interruptible)
        assert firm <= rep.capacity, "above capacity"
        if not rep.signed_in:
            assert not [case for case in cases if case.state == "offered"], "offered to somebody who has gone"
            if self.policy.sign_out_release == "all":
                assert not cases, "stranded with somebody who has gone"

    def _judge_case(self, case: Case, reps: dict[str, Rep]) -> None:
        if case.state != "waiting":
            assert case.offer is not None, "nobody has it, and it does not wait"
            assert case.offer.rep_id in reps, "somebody has it whom nobody knows"
            assert self._holders[case.case_id] == case.offer.rep_id
            return
        assert case.case_id not in self._holders, "it waits, and somebody has it"
        if not case.timer_parked:
            demand = takers.demand_of(self.router._state, case)
            assert takers.best_taker(self.router._state, demand, case) is None, "it waits beside a free rep"

    def _tell(self, event: CaseEvent) -> None:
        assert event.event_id not in self._event_ids, "told twice"
        self._event_ids.add(event.event_id)
        if event.queue is not None:
            assert event.seq == self._seqs.get(event.case_id, -1) + 1, "a gap"
            self._seqs[event.case_id] = event.seq


def play_days(seeds: range) -> int:
    """Plays the day of each seed, and returns how many offers were made.

    Raises:
        AssertionError: a promise was broken, on the day that a note names.
    """
    offers = 0
    for seed in seeds:
        try:
            offers += AnyDay(seed).play()
        except Exception as broken:
            broken.add_note(f"on day {seed}")
            raise
    return offers


def _is_of(case: Case, rep: Rep) -> bool:
    return case.offer is not None and case.offer.rep_id == rep.rep_id


def _needs(queue: Queue) -> Iterator[SkillNeed]:
    for need in queue.skills:
        yield need if isinstance(need, SkillNeed) else SkillNeed(name=need)


BUSY = st.integers(0, 2**32).map(Random).map(any_steps)
"""A day on which reps are at work, for tests of what happens seldom."""
