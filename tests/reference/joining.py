"""To which case a post belongs, and what it does to it. The first rule that fits decides."""

from schemas.posts.scored import NO_WORK, ScoredPost
from tests.reference import life, needs, sticky
from tests.reference.clocks import Clocks, terms
from tests.reference.entities import PRESSING, Case, Post, as_post, keep
from tests.reference.matching import Matching
from tests.reference.memory import World, promise
from tests.reference.outcomes import Offer, Said

DAY_MS = 86_400_000


class Joining:
    """Obeys posts."""

    def __init__(self, world: World, matching: Matching) -> None:
        self.world, self.matching = world, matching
        self.seen: set[tuple[str, int]] = set()
        self.forced: list[Offer] = []
        """Offers that need no matching, because the case has a rep to go to."""

    def take(self, post: ScoredPost) -> None:
        """Finds what becomes of a post. One that comes again is ignored."""
        if (post.post_id, post.revision) in self.seen:
            return
        self.seen.add((post.post_id, post.revision))
        new = as_post(post)
        if (case := self.case_with(post.post_id)) is not None:
            self._follow(case, post, new)
        elif post.deleted:
            self._refuse(post, "no_case")
        elif post.own:
            self._own(post, new)
        elif post.repost_of is not None:
            self._repost(post)
        else:
            self._place(post, new)

    # Rules

    def _place(self, post: ScoredPost, new: Post) -> None:
        others: Case | None = None
        for target, reason in ((post.in_reply_to, "reply"), (post.quote_of, "quote")):
            linked = None if target is None else self.case_with(target)
            if linked is not None and new.contact not in linked.contacts:
                others = others or linked
            elif linked is not None and (linked.is_open or self.can_reopen(linked)):
                self._join(linked, post, new, reason)
                return
        is_elsewhere = others is not None or self._is_talk(post, new)
        same = None if is_elsewhere else self._same_matter(new)
        if same is not None:
            reason = "edit" if post.revision else "direct" if new.direct else "same_author"
            self._join(same, post, new, reason)
        elif (original := self._original(new)) is not None:
            self._copy(original, post)
        elif post.triage.action not in NO_WORK:
            self._open(post, new, related=None if others is None else others.name)
        else:
            has_case = any(case.is_open and new.contact in case.contacts for case in self.world.cases)
            self._refuse(post, "unrelated" if has_case or others is not None else "no_case")

    def case_with(self, post_id: str) -> Case | None:
        """Returns the case that a post is in, also a closed one that could be opened again."""
        for case in self.world.cases:
            if post_id in case.copies or any(post.post_id == post_id for post in case.posts):
                return case
        return None

    def can_reopen(self, case: Case) -> bool:
        """Says whether a closed case can be opened again."""
        window_ms = 1000 * self.world.own_queue(case).reopen_within_s
        return case.is_kept and not case.is_open and 0 < window_ms >= self.world.now_ms - case.closed_ms

    def _is_talk(self, post: ScoredPost, new: Post) -> bool:
        """Says whether it is said in public to somebody who is neither the brand nor the contact."""
        if new.direct:
            return False
        target, author_id = post.in_reply_to, post.in_reply_to_author
        if target is None:
            target, author_id = post.quote_of, post.quote_of_author
        if target is None:
            return False
        accounts = {account for brand in self.world.policy.all_brands for account in brand.author_ids}
        case = self.case_with(target)
        return author_id not in accounts and (case is None or new.contact not in case.contacts)

    def _same_matter(self, new: Post) -> Case | None:
        """Returns the contact's newest case on the same channel that shares a topic, or where one has none."""
        possible = [
            case
            for case in self.world.cases
            if new.contact in case.contacts
            and (case.is_open or self.can_reopen(case))
            and (new.direct or case.has_public)
            and self.world.now_ms <= case.active_ms + DAY_MS
            and (not case.topics or not new.topics or case.topics & new.topics)
        ]
        return max(
            possible,
            key=lambda case: (case.is_open, case.queued_ms if case.is_open else case.closed_ms),
            default=None,
        )

    def _original(self, new: Post) -> Case | None:
        """Returns the oldest open case of somebody else of whose first post a public post is a copy."""
        if new.direct or new.cluster is None:
            return None
        possible = [case for case in self.world.cases if case.is_open and case.cluster == new.cluster]
        oldest = min(possible, key=lambda case: case.queued_ms, default=None)
        return None if oldest is None or new.contact in oldest.contacts else oldest

    # What becomes of it

    def _open(self, post: ScoredPost, new: Post, related: str | None = None) -> None:
        asked = self.world.queue(post.triage.queue or "")
        queue = self.world.for_new(asked)
        is_private = new.direct or new.action == "respond_privately"
        case = Case(
            self.world.new_name(post.post_id),
            {new.contact},
            queue.name,
            queue.team,
            self.world.now_ms,
            self.world.now_ms,
            new.received_ms + 1000 * queue.first_response_s,
            post.triage.priority,
            Clocks(terms(self.world.policy, queue, post.triage.priority, direct=is_private)),
            related,
        )
        case.opener = new.contact
        case.needs = {need.name: need for need in needs.of_post(post)}
        case.cluster = None if new.direct else new.cluster
        for kind in ("first_response", "resolution"):
            case.clocks.begin(kind, new.received_ms)
        life.take_in(self.world, case, new)
        promise(case)
        case.total, case.active_ms = 1, self.world.now_ms
        self.world.cases.append(case)
        known = self.world.policy.queue(post.triage.queue or "") is not None
        reason = "overflow" if queue is not asked else "opened" if known else "queue_gone"
        sticky.begin(self.world, case)
        self.world.say("queued", case, reason, post.post_id, related=related)

    def _join(self, case: Case, post: ScoredPost, new: Post, reason: str) -> None:
        """The customer has said something new, which a closed case opens again for unless it is only thanks."""
        label = None if post.sentiment is None else post.sentiment.label
        is_thanks = post.triage.action == "thank" or (post.triage.action in NO_WORK and label == "positive")
        if is_thanks and (not case.is_open or case.state == "wrapping"):
            self._refuse(post, "thanks")
        elif case.is_open:
            self._heard(case, new, reason)
        else:
            self._again(case, post, new, reason)

    def _heard(self, case: Case, new: Post, reason: str) -> None:
        is_known = any(old.post_id == new.post_id for old in case.posts)
        if not is_known:
            case.total += 1
            case.active_ms = self.world.now_ms
        life.take_in(self.world, case, new)
        life.written(self.world, case, new.received_ms, reason)
        self.world.say("joined", case, reason, new.post_id)
        self.world.tell_rep(case, "post_changed" if is_known else "post_joined")
        life.look_after(self.world, case)

    def _again(self, case: Case, post: ScoredPost, new: Post, reason: str) -> None:
        """A post that asks for something takes the case to its own queue, with its own needs."""
        if post.triage.queue is not None:
            case.needs = {need.name: need for need in needs.of_post(post)}
        self.reopen(case, reason, new.received_ms, post.triage.queue)
        self._heard(case, new, reason)
        self.offer_back(case)

    def reopen(self, case: Case, reason: str, at_ms: int, queue_name: str | None = None) -> None:
        """A closed case waits anew."""
        queue, before = self.world.queue(queue_name or case.queue), (case.queue, case.closed_ms)
        case.state, case.queued_ms, case.entered_ms = "waiting", self.world.now_ms, self.world.now_ms
        case.ring, case.replied, case.owed, case.last_answer = 0, False, False, None
        case.refused.clear()
        case.consulted.clear()
        case.from_rep = None
        case.queue, case.team = queue.name, queue.team
        case.respond_by_ms = at_ms + 1000 * queue.first_response_s
        life.rewrite(self.world, case, at_ms)
        sticky.begin(self.world, case, before)
        self.world.say("reopened", case, reason)

    def offer_back(self, case: Case) -> None:
        """The rep who had the case before its end is asked first, if there and free."""
        former = self.world.rep(case.former)
        if case not in self.world.offered() or former is None or not self.world.live:
            return
        if self.matching.excluded(former, case) == "":
            self.forced.append(self.matching.only(case, former, "same_rep"))
            self.matching.hand(case, former)

    def _follow(self, case: Case, post: ScoredPost, new: Post) -> None:
        """An edit or a deletion of what a case has."""
        before = next((old for old in case.posts if old.post_id == post.post_id), None)
        is_newer = before is not None and new.revision > before.revision
        asks_more = (
            before is not None and is_newer and not (new.deleted or before.deleted or before.own)
        ) and self._asks_more(case, new)
        if not case.is_open:
            self._follow_closed(case, post, new, before, again=asks_more and self.can_reopen(case))
        elif new.deleted:
            self._delete(case, post, before)
        elif asks_more and case.state == "wrapping":
            self._heard(case, new, "edit")
        else:
            if is_newer and before is not None:
                life.take_in(self.world, case, new)
            self.world.say("joined", case, "edit", post.post_id)
            if is_newer:
                self.world.tell_rep(case, "post_changed")
                if not new.own:
                    life.look_after(self.world, case)

    def _asks_more(self, case: Case, new: Post) -> bool:
        is_more = PRESSING.index(new.action) > PRESSING.index(case.action)
        return is_more or (new.action not in NO_WORK and new.priority > case.priority)

    def _follow_closed(self, case: Case, post: ScoredPost, new: Post, before: Post | None, *, again: bool) -> None:
        if again:
            self._again(case, post, new, "edit")
            return
        if before is not None and new.revision > before.revision:
            if new.deleted and case.newest == post.post_id:
                case.answer_to = None
            before.revision, before.deleted = new.revision, before.deleted or new.deleted
            case.lead = None if new.deleted and case.lead == post.post_id else case.lead
            keep(case, post.post_id)
        self._refuse(post, "no_case")

    def _delete(self, case: Case, post: ScoredPost, before: Post | None) -> None:
        if before is None:
            case.copies_deleted.add(post.post_id)
        else:
            if case.newest == post.post_id:
                case.answer_to = None
            before.revision, before.deleted = max(before.revision, post.revision), True
            case.lead = None if case.lead == post.post_id else case.lead
        self.world.say("joined", case, "deleted", post.post_id)
        is_empty = all(member.deleted for member in case.posts if not member.own)
        if is_empty and case.state in ("waiting", "offered"):
            life.close(self.world, case, "canceled", "deleted", "released")
        elif before is not None:
            self.world.tell_rep(case, "post_changed")

    def _repost(self, post: ScoredPost) -> None:
        case = self.case_with(post.repost_of or "")
        is_own = case is not None and any(old.own and old.post_id == post.repost_of for old in case.posts)
        # Only the first record of a repost counts.
        if case is None or not case.is_open or is_own or post.revision:
            self._refuse(post, "repost")
            return
        case.total += 1
        self.world.say("joined", case, "repost", post.post_id)

    def _copy(self, case: Case, post: ScoredPost) -> None:
        if post.revision == 0:
            case.total += 1
            case.copies.add(post.post_id)
        self.world.say("joined", case, "copy", post.post_id)

    def _own(self, post: ScoredPost, new: Post) -> None:
        """The brand's own post answers a case, or belongs to none."""
        targets = [post.in_reply_to, post.quote_of]
        if new.direct and post.in_reply_to is None:
            targets.append(post.conversation_id)
        for target in targets if post.repost_of is None else ():
            case = None if target is None else self.case_with(target)
            if case is not None and case.is_open:
                self._answer_with(case, new, counts=target not in case.copies)
                return
        theirs = [case for case in self.world.cases if case.is_open and post.in_reply_to_author in case.contacts]
        if len(theirs) == 1 and post.repost_of is None:
            self._answer_with(theirs[0], new, counts=True)
        else:
            self._refuse(post, "own_post")

    def _answer_with(self, case: Case, new: Post, *, counts: bool) -> None:
        case.posts.append(new)
        keep(case, new.post_id)
        case.total += 1
        case.active_ms = self.world.now_ms
        self.world.say("joined", case, "own_reply", new.post_id)
        self.world.tell_rep(case, "post_joined")
        if counts and not life.is_same_answer(self.world, case, "seen", direct=new.direct):
            life.answer(self.world, case, "own_post", at_ms=new.created_ms)
            case.last_answer = (self.world.now_ms, "seen", new.direct)

    def _refuse(self, post: ScoredPost, reason: str) -> None:
        self.world.said.append(Said("refused", None, reason, post.post_id))
