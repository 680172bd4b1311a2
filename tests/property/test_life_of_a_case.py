"""What holds of the life of cases on any day, and of the rules that say to which case a post belongs."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.codec import decode, encode
from pipeline.ports.records import InputRecord
from pipeline.route import inputs
from pipeline.route.cases import intake, joining
from pipeline.route.cases.joining import Found, Verdict, verdict_on
from pipeline.route.cases.lifecycle import AT_WORK, STATES, TRANSITIONS, WITH_A_REP
from pipeline.route.messages import ScoredPost as Read
from pipeline.route.state.entities import Case, Closed, Member
from schemas.cases.case import Assignment, CaseEvent
from schemas.posts.scored import ScoredPost
from schemas.topics import ACTIONABLE, ASSIGNMENTS, CASE_EVENTS
from tests.builders import START_MS, author, cluster, scored, sentiment, topics
from tests.property.route_play import STEPS, Played, Step, play

EXAMPLES = settings(max_examples=60, deadline=None)
STEPS_OF = {(row.event, before, row.after) for row in TRANSITIONS for before in row.before or {None}}
SAME = {"joined", "replied", "request_refused", "revealed", "requeued", "noted", "split", "reprioritised",
        "consult_started", "consult_ended", "wrapped_up", "due_soon", "breached", "ring_changed",
        "reply_window_ended"}  # fmt: skip
"""These steps leave the state as it was."""
OPEN, ENDED = ("offered", "assigned"), 2
"""States of an offer in their order. It ends released or closed."""


def _told(day: list[Played]) -> Iterator[CaseEvent | Assignment]:
    for played in day:
        for output in played.decisions.outputs:
            if output.topic == CASE_EVENTS.name:
                yield decode(CaseEvent, output.value)
            elif output.topic == ASSIGNMENTS.name:
                yield decode(Assignment, output.value)


def _posts(day: list[Played]) -> dict[tuple[str, int], ScoredPost]:
    raws = [raw for played in day for raw in played.records if raw.topic == ACTIONABLE.name]
    return {(post.post_id, post.revision): post for post in (decode(ScoredPost, raw.value) for raw in raws)}


@EXAMPLES
@given(STEPS)
def test_each_step_of_each_case_is_one_of_the_table(steps: list[Step]) -> None:
    states: dict[str, str | None] = {}
    for event in _told(play(steps)):
        if not isinstance(event, CaseEvent) or event.queue is None:
            continue
        before, after = states.get(event.case_id), event.state or "closed"
        if event.type in SAME:
            assert after == before, event
        else:
            assert (event.type, before, after) in STEPS_OF, (event.type, before, after)
        states[event.case_id] = after


@EXAMPLES
@given(STEPS)
def test_whoever_has_a_case_hears_of_each_post_that_joins_it(steps: list[Step]) -> None:
    day = play(steps)
    posts = _posts(day)
    last: CaseEvent | None = None
    for told in _told(day):
        if isinstance(told, Assignment):
            last = None if told.update else last
            continue
        # A post that shortens a deadline may find it missed. That is said between the step and its record.
        if told.type in ("due_soon", "breached", "reply_window_ended"):
            continue
        assert last is None, f"nobody was told of {last}"
        if told.type == "joined" and told.reason not in ("copy", "repost", "edit", "deleted"):
            held = told.state in ("offered", *AT_WORK)
            last = told if held and told.post_id and (told.post_id, told.revision) in posts else None


@EXAMPLES
@given(STEPS)
def test_the_records_of_an_offer_are_numbered_without_a_gap_and_none_follows_its_end(steps: list[Step]) -> None:
    last: dict[str, tuple[int, int, int]] = {}
    for said in _told(play(steps)):
        if not isinstance(said, Assignment):
            continue
        attempt, state, update = last.get(said.case_id, (0, ENDED, 0))
        now = said.attempt, OPEN.index(said.state) if said.state in OPEN else ENDED, said.update
        if said.update:
            assert now == (attempt, state, update + 1)
            assert said.state in OPEN
        elif said.attempt == attempt:
            assert now[1] > state
        else:
            assert (said.attempt, state) == (attempt + 1, ENDED)
        last[said.case_id] = now


@EXAMPLES
@given(STEPS)
def test_only_who_belongs_to_a_case_is_in_it(steps: list[Step]) -> None:
    """Its contact and the brand, copies and reposts, and who came with a case that was merged."""
    day = play(steps)
    posts, contacts = _posts(day), defaultdict[str, set[str]](set)
    for event in _told(day):
        if not isinstance(event, CaseEvent) or event.queue is None:
            continue
        if event.type == "noted" and event.reason == "merged" and event.related_case is not None:
            contacts[event.case_id] |= contacts[event.related_case]
        if event.type == "queued" and event.reason == "split" and event.related_case is not None:
            contacts[event.case_id] |= contacts[event.related_case]
        if event.post_id is None or event.type not in ("queued", "joined"):
            continue
        post = posts[event.post_id, event.revision or 0]
        contact = (
            f"thread/{post.conversation_id or post.post_id}" if post.author.anonymous else post.author.author_id
        )
        if event.type == "queued":
            assert not post.own
            assert post.repost_of is None
            contacts[event.case_id].add(contact)
        elif not post.own and event.reason not in ("copy", "repost", "edit", "deleted"):
            assert contact in contacts[event.case_id], (event, contacts[event.case_id])


@EXAMPLES
@given(STEPS)
def test_a_repost_is_never_work_and_counts_once(steps: list[Step]) -> None:
    day = play(steps)
    posts, counted = _posts(day), Counter[str]()
    for event in _told(day):
        if not isinstance(event, CaseEvent) or event.post_id is None or event.type not in ("queued", "joined"):
            continue
        if posts[event.post_id, event.revision or 0].repost_of is not None:
            assert (event.type, event.reason) == ("joined", "repost")
            counted[event.post_id] += 1
    assert set(counted.values()) <= {1}


def test_the_table_has_each_state_and_a_way_out_of_it() -> None:
    assert {row.after for row in TRANSITIONS} == set(STATES)
    for state in STATES:
        assert any(state in row.before and row.after != state for row in TRANSITIONS)


def test_records_go_with_steps_of_cases_that_somebody_has() -> None:
    for row in TRANSITIONS:
        if row.after in WITH_A_REP or row.before & WITH_A_REP:
            assert row.records, row.trigger
        else:
            assert not row.records, row.trigger


def test_each_verdict_is_acted_on() -> None:
    assert set(intake._ACTS) == set(get_args(joining.Kind))


class Drawn:
    """Cases of three people, as they might be: open and closed, public and private, with and without topics."""

    def __init__(self, draw: Any) -> None:
        self.members: dict[str, Found] = {}
        self.open: list[Case] = []
        self.closed: list[Closed] = []
        for number in range(draw(st.integers(0, 5))):
            self._add(draw, number)

    def _add(self, draw: Any, number: int) -> None:
        by = draw(st.sampled_from(["x:a", "x:b", "x:c"]))
        case = Case(
            workspace="acme", case_id=f"c{number}", root_post_id=f"x:p{number}", author_id=by, queue="care",
            team="care", skills=(), action="respond", priority=50.0, channel="public", state="waiting", attempt=0,
            refused=(), offer=None, seq=0, posts_total=1, queued_at_ms=number, respond_by_ms=0,
            replied_at_ms=None, updated_at_ms=0, trace_ms=0, active_ms=START_MS - draw(st.sampled_from(AGES)),
            topics=draw(TOPICS), public=draw(st.booleans()),
        )._replace(cluster=draw(st.sampled_from([None, f"{1:016x}"])))  # fmt: skip
        closed = None
        if draw(st.booleans()):
            closed = Closed(START_MS - 1, START_MS + 10**9, case.root_post_id, by, case=case)
            self.closed.append(closed)
        else:
            self.open.append(case)
        own, copy = draw(st.booleans()), draw(st.booleans())
        self.members[case.root_post_id] = Found(Member(case.case_id, 0, own=False, deleted=False), case, closed)
        other = Member(case.case_id, 0, own=own, deleted=False, copy=copy and not own)
        self.members[f"x:q{number}"] = Found(other, case, closed)

    def post(self, post_id: str) -> Found | None:
        return self.members.get(post_id)

    def open_cases(self, contact: str) -> list[Case]:
        return sorted((case for case in self.open if contact in case.contacts), key=lambda c: -c.queued_at_ms)

    def closed_cases(self, contact: str) -> list[Closed]:
        return [closed for closed in self.closed if closed.case and contact in closed.case.contacts]

    def original(self, name: str) -> Case | None:
        return next((case for case in self.open if case.extras.cluster == name and case.public), None)

    def is_brand(self, author_id: str) -> bool:
        return author_id == "x:acme"

    def reopens(self, closed: Closed) -> bool:
        return closed.case is not None


AGES = (0, 3_600_000, joining.SAME_MATTER_MS, joining.SAME_MATTER_MS + 1)
TOPICS = st.sampled_from([(), ("t1",), ("t2",), ("t1", "t2")])
LINKS = st.sampled_from([None, "x:p0", "x:p1", "x:p2", "x:q0", "x:q1", "x:elsewhere"])


@st.composite
def a_post(draw: Any) -> Read:
    by = draw(st.sampled_from(["a", "b", "c", "acme"]))
    action = draw(st.sampled_from(["none", "thank", "respond", "respond"]))
    post = scored(
        draw(st.sampled_from(["p0", "q1", "new"])), by, action,
        revision=draw(st.integers(0, 1)), own=by == "acme", deleted=draw(st.sampled_from([False] * 5 + [True])),
        visibility=draw(st.sampled_from(["public", "direct"])), topics=topics(*draw(TOPICS)),
        in_reply_to=draw(LINKS), quote_of=draw(LINKS),
        repost_of=draw(st.sampled_from([None] * 4 + ["x:p0", "x:q0"])),
        in_reply_to_author=draw(st.sampled_from([None, "x:acme", "x:a", "x:z"])),
        cluster=draw(st.sampled_from([None, cluster(1)])),
        sentiment=sentiment(draw(st.sampled_from(["positive", "negative"]))),
        author=author(by, anonymous=draw(st.sampled_from([False] * 5 + [True]))),
    )  # fmt: skip
    read = inputs.read(InputRecord(ACTIONABLE.name, 0, 0, b"acme", encode(post), 0))
    assert isinstance(read, Read)
    return read


@st.composite
def cases_and_a_post(draw: Any) -> tuple[Drawn, Read]:
    return Drawn(draw), draw(a_post())


@settings(max_examples=600, deadline=None)
@given(cases_and_a_post())
def test_every_post_has_one_verdict_that_keeps_the_rules(drawn: tuple[Drawn, Read]) -> None:
    known, post = drawn
    verdict = verdict_on(post, known, START_MS)
    assert verdict == verdict_on(post, known, START_MS)
    _check_shape(verdict)
    contact = joining.contact_of(post)
    in_a_case = known.post(post.post_id)
    case = verdict.case or (verdict.closed.case if verdict.closed else None)
    if in_a_case is not None:
        assert case is in_a_case.case
    elif post.deleted:
        assert verdict.kind == "refuse"
    elif post.own or post.repost_of is not None:
        assert verdict.kind in ("answer", "join", "refuse") if post.own else verdict.kind in ("repost", "refuse")
    elif verdict.kind in ("join", "reopen"):
        assert case is not None
        assert contact in case.contacts, "nobody joins the case of somebody else"
    elif verdict.kind == "copy":
        assert case is not None
        assert contact not in case.contacts
        assert case.public
        assert post.visibility == "public"
    elif verdict.kind == "open":
        assert post.triage.action != "none"
    elif verdict.reason not in ("thanks", "own_post", "repost"):
        assert post.triage.action == "none", "what asks for something is never refused"


def _check_shape(verdict: Verdict) -> None:
    assert verdict.case is None or verdict.closed is None
    if verdict.kind in ("repost", "answer", "join", "copy"):
        assert verdict.case is not None
    if verdict.kind == "reopen":
        assert verdict.closed is not None
    if verdict.kind == "open":
        assert verdict.case is None
