"""What supervisors do to cases, and contacts by other ways."""

from schemas.people.casework import ContactNoted
from schemas.people.supervision import CaseClosedBy, CaseReprioritised, CasesMerged, CaseSplit
from tests.reference import life, sticky
from tests.reference.clocks import Clocks, terms
from tests.reference.entities import Case, Post, keep
from tests.reference.joining import Joining
from tests.reference.memory import World, pressing, promise
from tests.reference.outcomes import Said

Supervising = CasesMerged | CaseSplit | CaseReprioritised | CaseClosedBy


class Supervision:
    """Obeys supervisors."""

    def __init__(self, world: World, joining: Joining) -> None:
        self.world, self.joining = world, joining
        self.asked: str | None = None

    def take(self, event: Supervising, name: str | None, into: str | None = None) -> None:
        """Obeys a supervisor about the case of that name, or says why not."""
        self.asked = name
        case = self.world.case(name)
        if case is None or not case.is_open:
            related = None if case is None or case.name == name else case.name
            self.world.said.append(
                Said("request_refused", name, "unknown_case", None, event.rep_id, related=related)
            )
        elif isinstance(event, CasesMerged):
            self._merge(case, self.world.case(into), event)
        elif isinstance(event, CaseSplit):
            self._split(case, event)
        elif isinstance(event, CaseReprioritised):
            # What signals do from now on begins with it.
            case.lifts.clear()
            self.world.weigh(case, event.priority)
            self.world.say("reprioritised", case, "by_supervisor", rep_id=case.rep_id)
            self.world.tell_rep(case, "reprioritised")
        else:
            life.close(self.world, case, "closed", event.reason, "closed")

    def _no(self, case: Case, event: Supervising, reason: str) -> None:
        if case.name == self.asked:
            self.world.say("request_refused", case, reason, rep_id=event.rep_id)
            return
        self.world.said.append(Said("request_refused", self.asked, reason, None, event.rep_id, related=case.name))

    def _merge(self, case: Case, target: Case | None, event: CasesMerged) -> None:
        if target is None or not target.is_open:
            self._no(case, event, "unknown_case")
            return
        if target is case:
            self._no(case, event, "merged")
            return
        posts, copies, owed = case.posts[:], set(case.copies), case.owed
        life.close(self.world, case, "merged", "by_supervisor", "closed", related=target.name)
        case.into = target.name
        target.contacts |= case.contacts
        kept = set(case.kept)
        target.posts += posts
        target.copies |= copies
        target.total += case.total
        target.topics |= case.topics
        target.action = pressing([target.action, case.action])
        target.direct = target.direct or case.direct
        target.has_public = target.has_public or case.has_public
        target.active_ms = max(target.active_ms, case.active_ms)
        if case.priority > target.priority:
            target.lead, target.lead_priority = case.lead, case.lead_priority
        newest = target.newest
        keep(target, *kept)
        if target.newest != newest:
            target.answer_to = case.answer_to
        self.world.weigh(target, max(target.priority, case.priority))
        if owed:
            life.written(self.world, target, case.owed_ms, "merged")
            target.owed_ms = min(target.owed_ms, case.owed_ms)
            if target.state in ("assigned", "held"):
                self.world.begin_work(target)
        self.world.say("noted", target, "merged", rep_id=target.rep_id, related=case.name)
        self.world.tell_rep(target, "merged")
        if owed:
            life.look_after(self.world, target)

    def _split(self, case: Case, event: CaseSplit) -> None:
        ids = list(dict.fromkeys(event.post_ids))
        leaving = [post for post in case.posts if post.post_id in ids]
        staying = [post for post in case.posts if post.post_id not in ids]
        if not set(ids) <= {post.post_id for post in case.posts} | case.copies or not (
            _are_asked(leaving) and _are_asked(staying)
        ):
            self._no(case, event, "unknown_post")
            return
        queue = self.world.policy.queue(event.queue or case.queue)
        if queue is None:
            self._no(case, event, "unknown_queue")
            return
        newest = case.newest
        case.posts = staying
        case.total = max(1, case.total - len(ids))
        new = Case(
            self.world.new_name(ids[0]),
            set(case.contacts),
            queue.name,
            queue.team,
            self.world.now_ms,
            self.world.now_ms,
            self.world.now_ms + 1000 * queue.first_response_s,
            case.priority,
            Clocks(terms(self.world.policy, queue, case.priority, direct=case.direct)),
            case.related,
        )
        new.kept = case.kept & set(ids)
        new.opener = case.opener
        new.lifts = dict(case.lifts)
        new.answer_to = case.answer_to if newest in ids else None
        case.answer_to = None if newest in ids else case.answer_to
        new.posts, new.total, new.active_ms = leaving, len(ids), case.active_ms
        new.copies = case.copies & set(ids)
        case.copies -= new.copies
        new.needs, new.topics, new.action = dict(case.needs), set(case.topics), case.action
        if case.lead in ids:
            new.lead, new.lead_priority, case.lead = case.lead, case.lead_priority, None
        new.direct, new.has_public = case.direct, case.has_public
        for kind in ("first_response", "resolution"):
            new.clocks.begin(kind, self.world.now_ms)
        promise(new)
        self.world.say("split", case, "by_supervisor", rep_id=case.rep_id, related=new.name)
        self.world.cases.append(new)
        sticky.begin(self.world, new)
        self.world.say("queued", new, "split", related=case.name)
        self.world.tell_rep(case, "split")

    def note(self, event: ContactNoted, name: str | None) -> None:
        """The customer and the brand were in touch by another way."""
        case = self._noted(event, name)
        comes_back = event.direction == "in" and case is not None and self.joining.can_reopen(case)
        if case is None or not (case.is_open or comes_back):
            related = None if case is None or name in (None, case.name) else case.name
            self.world.said.append(
                Said("request_refused", name, "unknown_case", None, event.rep_id, related=related)
            )
            return
        if event.direction == "out":
            at_ms = round(event.at.timestamp() * 1000)
            life.answer(self.world, case, event.channel, at_ms=at_ms, rep_id=event.rep_id)
            self.world.tell_rep(case, "contact_noted")
            return
        if comes_back:
            self.joining.reopen(case, event.channel, self.world.now_ms)
        life.written(self.world, case, self.world.now_ms, event.channel)
        case.active_ms = self.world.now_ms
        self.world.say("noted", case, event.channel, rep_id=event.rep_id)
        self.world.tell_rep(case, "contact_noted")
        life.look_after(self.world, case)
        if comes_back:
            self.joining.offer_back(case)

    def _noted(self, event: ContactNoted, name: str | None) -> Case | None:
        if event.case_id is not None:
            return self.world.case(name)
        theirs = [
            case
            for case in self.world.cases
            if event.author_id in case.contacts and (case.is_open or self.joining.can_reopen(case))
        ]
        return max(
            theirs,
            key=lambda case: (case.is_open, case.queued_ms if case.is_open else case.closed_ms),
            default=None,
        )


def _are_asked(posts: list[Post]) -> bool:
    """Says whether the customer still asks something by one of them."""
    return any(not (post.own or post.deleted) for post in posts)
