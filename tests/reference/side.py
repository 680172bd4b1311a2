"""One workspace on both routers: what it was told there, and what they said of it."""

from typing import Any

from schemas.cases.case import Assignment, CaseEvent
from schemas.policy.policy import Policy
from tests.builders import WORKSPACE
from tests.reference import lending
from tests.reference.inputs import Inputs
from tests.reference.outcomes import Due, Offer, Said, Shown
from tests.reference.plain_router import PlainRouter
from tests.reference.policies import made


class Differ(AssertionError):
    """The two routers decided differently."""


class Side:
    """Compares what becomes of one workspace.

    Args:
        name: of the workspace.
        policies: those that may be in force there.
        first_policy: number of the first one.
        story: gets a line for each step, of all workspaces together.
        inputs: what their maker is told.
    """

    def __init__(
        self,
        name: str,
        policies: tuple[dict[str, Any], ...],
        first_policy: int,
        story: list[str],
        **inputs: bool,
    ) -> None:
        self.name, self._policies, self._story = name, policies, story
        self.plain = PlainRouter(self.policy(first_policy, 1))
        self.world = self.plain.world
        self.case_ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self.inputs = Inputs(self.world, self.case_ids, **inputs)
        self.told = "" if name == WORKSPACE else f" in {name}"
        """How a line of the story says where it was."""
        self.offers = 0
        self.events: list[CaseEvent] = []
        self._records: list[Assignment] = []

    def number(self, step: int) -> int:
        """Returns the number of the policy that a step names."""
        return step % len(self._policies)

    def policy(self, number: int, version: int) -> Policy:
        """Returns one of its policies."""
        return made(self._policies[self.number(number)], version, self.name)

    def hear(self, events: list[CaseEvent], records: list[Assignment]) -> None:
        """Takes what the router said of all workspaces."""
        self.events = [event for event in events if event.workspace == self.name]
        self._records = [made for made in records if made.workspace == self.name]

    def fire(self) -> None:
        """Lets the timers of the plain router fire that show in what the router said."""
        self.plain.fire([(event, self._name(event.case_id)) for event in self.events])

    def end_change(self) -> None:
        """Holds against the text that a second after a change of policy all cases are by the new one.

        Raises:
            Differ: they are not.
        """
        for case in self.world.cases:
            if case.has_old_terms and case.is_open and self.plain.reschedule(case):
                self.differ("nothing is rescheduled", case.name)
        if due := self.plain.matching.due():
            self.differ("no further offer", f"one of {due}")

    def compare(self, router_code: str, plain_code: str, *, more_is_due: bool) -> None:
        """Compares what both said.

        Args:
            router_code: why the router gave the input up; empty where it did not.
            plain_code: the same of the plain one.
            more_is_due: whether more timers are due at once.

        Raises:
            Differ: it is not the same.
        """
        lending.review(self.world)
        self._learn_names()
        if router_code != plain_code:
            self.differ(f"dead letter: {router_code or 'none'}", f"dead letter: {plain_code or 'none'}")
        self._compare_said()
        self._compare_offers(more_is_due=more_is_due)

    def _learn_names(self) -> None:
        new = [
            event.case_id for event in self.events if event.type == "queued" and event.case_id not in self._names
        ]
        unnamed = [case.name for case in self.world.cases if case.name not in self.case_ids]
        if len(new) == len(unnamed):
            for name, case_id in zip(unnamed, new, strict=True):
                self.case_ids[name], self._names[case_id] = case_id, name

    def _compare_said(self) -> None:
        said = [self._said(event) for event in self.events if event.type != "offered"]
        shown = [self._shown(made) for made in self._records if made.state != "offered" or made.update]
        expected, self.world.said = self.world.said, []
        expected_shown, self.world.shown = self.world.shown, []
        for line in said:
            self._story.append(f"    {line.what} {line.case or line.post_id} ({line.reason}) {line.rep_id or ''}")
        if _by_case(said) != _by_case(expected):
            self.differ(_lines(said), _lines(expected))
        if _by_case(shown) != _by_case(expected_shown):
            self.differ(_lines(shown), _lines(expected_shown))

    def _compare_offers(self, *, more_is_due: bool) -> None:
        offers = [self._offer(made) for made in self._records if made.state == "offered" and not made.update]
        forced = self.plain.forced()
        if offers[: len(forced)] != forced:
            self.differ(str(offers), f"first {forced}")
        for offer in offers[len(forced) :]:
            legal = self.plain.matching.possible()
            if offer not in legal:
                self.differ(str(offer), f"one of {legal}")
            self.plain.matching.make(offer)
            lending.review(self.world)
            self.offers += 1
            self._story.append(f"    {offer.case} is offered to {offer.rep_id}, attempt {offer.attempt}")
        # Where more timers are due at once, each of them offers what it set free.
        if not more_is_due and (due := self.plain.matching.due()):
            self.differ("no further offer", f"one of {due}")

    def differ(self, router: str, plain: str) -> None:
        """Tells the story of a difference.

        Raises:
            Differ: always.
        """
        raise Differ("\n".join([*self._story, f"the router: {router}", f"by the text: {plain}"]))

    # What the router said, as the plain one says it

    def _name(self, case_id: str | None) -> str | None:
        return None if case_id is None else self._names.get(case_id)

    def _said(self, event: CaseEvent) -> Said:
        if event.type == "refused":
            return Said("refused", None, event.reason, event.post_id)
        return Said(
            event.type,
            self._name(event.case_id),
            event.reason,
            event.post_id,
            event.rep_id,
            event.attempt,
            event.state,
            event.queue,
            event.priority,
            event.ring or 0 if event.state else None,
            self._name(event.related_case),
            None if event.deadline is None else _due(event.deadline),
            _ms(event.respond_by),
        )

    def _shown(self, made: Assignment) -> Shown:
        return Shown(
            made.state,
            self._names[made.case_id],
            made.attempt,
            made.reason,
            made.rep_id,
            made.update,
            made.case_state or "",
            made.queue,
            made.priority,
            tuple(post.post_id for post in made.posts),
            made.led_by,
            made.posts_total,
            made.action,
            made.channel,
            made.ring or 0,
            made.consulted or (),
            made.from_rep,
            self._name(made.related_case),
            _ms(made.expires_at),
            tuple(_due(deadline) for deadline in made.deadlines or ()),
            bool(made.open_on_platform),
        )

    def _offer(self, made: Assignment) -> Offer:
        assert made.expires_at is not None
        return Offer(
            self._names[made.case_id],
            made.rep_id,
            made.reason,
            made.attempt,
            _ms(made.expires_at) or 0,
            made.candidates.eligible,
            made.candidates.present,
            tuple(sorted((code, count) for code, count in made.candidates.excluded.items() if count)),
            bool(made.open_on_platform),
        )


def _by_case(lines: list[Any]) -> list[Any]:
    """The order within a case counts."""
    return sorted(lines, key=lambda line: str(line.case))


def _lines(lines: list[Any]) -> str:
    shown = ["\n    " + str({k: v for k, v in line._asdict().items() if v not in (None, ())}) for line in lines]
    return "".join(shown) or "nothing"


def _ms(time: Any) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)


def _due(deadline: Any) -> Due:
    return Due(deadline.kind, _ms(deadline.due_at), _ms(deadline.breached_at))
