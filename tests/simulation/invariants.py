"""What must hold of every day, judged by the logs alone. Each check yields a sentence for each damage."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from schemas.topics import ACTIONABLE, REPS
from tests.simulation.history import History, Written, ms_of
from tests.simulation.offers import (
    attempt_of,
    is_offer,
    no_queue_takes_more_than_its_share,
    offers_only_to_those_who_may_have_them,
    picks_only_from_the_shelf,
)
from tests.simulation.policies import BOUND, BOUNDED, SHELF, SHUT_MS, weight_of
from tests.simulation.timers import TIMER_BOUND_MS, each_timer_once, no_timer_early_or_overtaken

JUMP_MS = 3_600_000
"""Clocks of brokers jump by so much or more."""
LAG_MS = 2_000
"""A loop at its live edge decides at a time that is at most so long ago."""
BESIDE_S = 4
"""No case waits longer beside a free rep: two seconds, and the longest idle poll before and after."""
LEASE_S = 28
"""A rep whose desktop has been silent for nearly as long as the lease may be signed out."""
SHUT_S = (50.0, 130.0)
"""Between these times the fans' queue is shut, or has not come to open again."""
CALM_AFTER_S = 15.0
"""A worker that is away for good is replaced, and its successor has caught up, so long after the last fault."""


def each_step_once(history: History) -> Iterator[str]:
    steps = Counter(
        (said.body["case_id"], said.body["attempt"], said.body["state"], said.body.get("update", 0))
        for said in history.assignments
    )
    yield from (f"step {step} was published {count} times" for step, count in steps.items() if count > 1)
    ids = Counter(event.body["event_id"] for event in history.events)
    yield from (f"event {event_id} was published {count} times" for event_id, count in ids.items() if count > 1)


def one_holder_and_no_rep_above_capacity(history: History) -> Iterator[str]:
    capacity = {
        (record.key, record.body["rep_id"]): record.body["capacity"]
        for record in history.inputs
        if record.body is not None and record.body.get("type") == "signed_in"
    }
    holder: dict[str, tuple[str, str]] = {}
    weights: dict[str, int] = {}
    for _, transaction in groupby(history.assignments, key=lambda said: said.serial):
        for said in transaction:
            case_id, rep = said.body["case_id"], (said.body["workspace"], said.body["rep_id"])
            # Whoever is handed a case is not asked, and so is who hands one over that is not accepted.
            given = said.body["state"] == "assigned" and said.body["reason"] != "accepted"
            if (said.body["state"] == "offered" or given) and not said.body.get("update"):
                if case_id in holder:
                    yield f"{case_id} was {said.body['state']} to {rep} while {holder[case_id]} had it"
                holder[case_id] = rep
                weights[case_id] = weight_of(said.body["queue"], said.body["channel"])
            elif holder.get(case_id) != rep:
                yield f"{case_id} was {said.body['state']} by {rep} and held by {holder.get(case_id)}"
            elif said.body["state"] not in ("offered", "assigned"):
                del holder[case_id]
        # Records of one transaction in two partitions have no order between them, so capacity counts at its end.
        loads = Counter[tuple[str, str]]()
        for case_id, rep in holder.items():
            loads[rep] += weights[case_id]
        for rep, load in loads.items():
            if load > capacity[rep]:
                yield f"{rep} has a load of {load} and takes {capacity[rep]}"


def events_without_gap(history: History) -> Iterator[str]:
    following: dict[str, int] = defaultdict(int)
    for event in history.events:
        case_id, seq = event.body["case_id"], event.body["seq"]
        if event.body.get("queue") is None:
            continue
        if seq != following[case_id]:
            yield f"{case_id}: event {seq} follows {following[case_id] - 1}"
        following[case_id] = seq + 1


REFUSED = ("own_post", "repost", "thanks", "unrelated", "no_case")
"""Nothing comes of such posts on any day."""


def each_post_told_once(history: History) -> Iterator[str]:
    told = Counter(
        (event.body["workspace"], event.body["post_id"], event.body["revision"])
        for event in history.events
        if event.body["type"] in ("queued", "joined", "refused")
    )
    sent = {
        (record.key, record.body["post_id"], record.body["revision"])
        for record in history.inputs
        if record.topic == ACTIONABLE.name and record.body is not None
    }
    yield from (f"post {post} was told {count} times" for post, count in told.items() if count > 1)
    yield from (f"post {post} was never told" for post in sorted(sent - set(told)))
    yield from (f"post {post} was told and never sent" for post in sorted(set(told) - sent))
    for event in history.events:
        if event.body["type"] == "refused" and event.body["reason"] not in REFUSED:
            yield f"post {event.body['post_id']} was refused: {event.body['reason']}"
    broken = sum(record.body is None for record in history.inputs)
    if len(history.letters) != broken:
        yield f"{broken} inputs are broken, and {len(history.letters)} dead letters were written"


def offsets_without_gap(history: History) -> Iterator[str]:
    """What is visible belongs to committed transactions, and those read the inputs without gap or overlap."""
    journaled = {entry.serial: entry for entry in history.journal}
    committed = dict(history.offsets)
    for serial in sorted(history.serials):
        if not history.outcomes.get(serial):
            yield f"transaction {serial} is visible and was not committed"
        if serial not in committed:
            yield f"transaction {serial} is visible and committed no offsets"
        if serial not in journaled:
            yield f"transaction {serial} is visible and has no journal entry"
    position: dict[tuple[str, int], int] = {}
    for serial, offsets in history.offsets:
        entry = journaled.get(serial)
        ranges = {} if entry is None else {
            (part["topic"], part["partition"]): part for part in entry.body.get("inputs", ())
        }  # fmt: skip
        for place, offset in offsets.items():
            before = position.get(place, 0)
            part = ranges.get(place)
            first, following = (before, before) if part is None else (part["first"], part["next"])
            if first != before or offset != following:
                yield (
                    f"transaction {serial} read {place} from {first} to {following} and committed {offset}; "
                    f"the one before had come to {before}"
                )
            position[place] = offset
    for place, end in history.ends.items():
        if position.get(place, 0) != end:
            yield f"{place} ends at {end} and was read to {position.get(place, 0)}"


def timers_neither_early_nor_stuck(history: History) -> Iterator[str]:
    offers = {attempt_of(said): said for said in history.assignments if is_offer(said)}
    ended = {attempt_of(said) for said in history.assignments if said.body["state"] != "offered"}
    for event in history.events:
        if event.body["type"] == "timed_out":
            if attempt_of(event) not in offers:
                yield f"{attempt_of(event)} timed out and was never offered"
            elif (
                early_ms := -_since_expiry_ms(history, offers[attempt_of(event)], event.append_ms, event.at_s)
            ) > 0:
                yield f"{attempt_of(event)} timed out {early_ms} ms early"
    for offer, said in offers.items():
        late_ms = _since_expiry_ms(history, said, history.end_ms, history.end_s)
        if offer not in ended and late_ms > TIMER_BOUND_MS:
            yield f"{offer} has not timed out {late_ms} ms after its time"


def _since_expiry_ms(history: History, offer: Written, append_ms: int, at_s: float) -> int:
    """Returns for how long an offer had been over, by the brokers' time or, where that jumped, by the true one."""
    expires_ms, decided_ms = ms_of(offer.body["expires_at"]), ms_of(offer.body["decided_at"])
    if not history.clock_jumped:
        return append_ms - expires_ms
    if abs(decided_ms - _true_ms(history, offer.at_s)) < JUMP_MS / 2:
        return int(_true_ms(history, at_s)) - expires_ms
    # The stage's time was wrong, so only durations tell anything.
    return int((at_s - offer.at_s) * 1000) - (expires_ms - decided_ms) + LAG_MS * (at_s < history.end_s)


def published_after_ms(history: History) -> Iterator[int]:
    """Yields how long after the time from which it counts each offer was published, by the true time."""
    for said in history.assignments:
        if is_offer(said):
            yield int(_true_ms(history, said.at_s)) - ms_of(said.body["decided_at"])


def _true_ms(history: History, at_s: float) -> float:
    return history.end_ms - (history.end_s - at_s) * 1000


def no_timer_overtakes_an_answer(history: History) -> Iterator[str]:
    """An offer that its rep answered in time does not time out, whenever the answer is read."""
    offers = {attempt_of(said): (said.body["rep_id"], said) for said in history.assignments if is_offer(said)}
    timed_out = {attempt_of(event) for event in history.events if event.body["type"] == "timed_out"}
    for record in history.inputs:
        if record.body is None or record.body.get("type") not in ("offer_accepted", "offer_rejected"):
            continue
        rep_id, said = offers.get(attempt_of(record), ("", None))
        if said is None or attempt_of(record) not in timed_out or record.body["rep_id"] != rep_id:
            continue
        early_ms = -_since_expiry_ms(history, said, record.append_ms, record.at_s)
        # An answer of the last millisecond counts.
        if early_ms >= 0 and not (history.clock_jumped and early_ms == 0):
            yield f"{attempt_of(record)} timed out and was answered {early_ms} ms before its end"


def no_offer_published_after_its_time(history: History) -> Iterator[str]:
    for said in history.assignments:
        if is_offer(said) and not history.clock_jumped:
            late_ms = said.append_ms - ms_of(said.body["expires_at"])
            if late_ms >= 0:
                yield f"{attempt_of(said)} was first published {late_ms} ms after it had expired"


def no_case_waits_beside_a_free_rep(history: History) -> Iterator[str]:
    """Looks once a second while all is calm at pairs that surely fit, and reports those that last."""
    told = sorted([*history.inputs, *history.assignments, *history.events, *history.cases], key=lambda r: r.at_s)
    desks: dict[str, _Desk] = defaultdict(_Desk)
    lasting: Counter[tuple[str, str, str]] = Counter()
    look_s = history.calm_from_s + CALM_AFTER_S
    for record in [*told, None]:
        at_s = history.end_s if record is None else record.at_s
        while look_s <= at_s:
            shut = "fans" if history.clock_jumped or SHUT_S[0] < look_s < SHUT_S[1] else None
            pairs = {(name, *pair) for name, desk in desks.items() for pair in desk.pairs(look_s, shut)}
            lasting = Counter({pair: lasting[pair] + 1 for pair in pairs})
            yield from (f"{pair} lasts at {look_s:.0f} s" for pair in pairs if lasting[pair] == BESIDE_S + 1)
            look_s += 1
        if record is not None:
            _note(desks, record)


class _Desk:
    """What is known about a workspace at a moment."""

    def __init__(self) -> None:
        self.reps: dict[str, dict[str, Any]] = {}
        """Those who are signed in and have let no offer expire since."""
        self.beaten_s: dict[str, float] = {}
        """When the desktop of each rep who sends heartbeats sent the last one."""
        self.skills: dict[str, set[str]] = defaultdict(set)
        self.of_post: dict[str, set[str]] = {}
        self.waiting: dict[str, tuple[str, str]] = {}
        """Case to team and queue."""
        self.holder: dict[str, tuple[str, int]] = {}
        """Case to the rep who has it, and its weight."""
        self.offers: Counter[str] = Counter()
        self.had: set[tuple[str, str]] = set()
        """Case and rep of each offer so far."""

    def pairs(self, at_s: float, shut: str | None) -> set[tuple[str, str]]:
        """Returns who could take which case, of another queue than the one that is perhaps shut."""
        load = Counter[str]()
        for rep_id, weight in self.holder.values():
            load[rep_id] += weight
        return {
            (case_id, rep_id)
            for rep_id, rep in self.reps.items()
            if at_s - self.beaten_s.get(rep_id, at_s) < LEASE_S
            if rep["workspace"] != BOUNDED or self.offers[rep_id] < BOUND
            for case_id, (team, queue) in self.waiting.items()
            if team in rep["teams"]
            and queue not in (shut, SHELF.name)
            # What waits may be of any channel.
            and load[rep_id] + weight_of(queue, "direct") <= rep["capacity"]
            and (case_id, rep_id) not in self.had
            and self.skills[case_id] <= {*rep["skills"]}
        }


def no_offer_by_a_queue_that_is_shut(history: History) -> Iterator[str]:
    if history.clock_jumped:
        return
    # Timers of before that fire late are decided before the one that shuts it.
    from_ms, until_ms = SHUT_MS[0] + TIMER_BOUND_MS, SHUT_MS[1]
    for event in history.events:
        body = event.body
        is_matched = body["type"] == "offered" and body["reason"] == "matched"
        if is_matched and body["queue"] == "fans" and from_ms < ms_of(body["at"]) < until_ms:
            yield f"{attempt_of(event)} was made at {body['at']}, while the queue was shut"


def _note(desks: dict[str, _Desk], record: Written) -> None:
    body = record.body
    if body is None and record.topic in (ACTIONABLE.name, REPS.name):
        return
    if record.topic == ACTIONABLE.name:
        desks[record.key].of_post[body["post_id"]] = {*body["triage"]["skills"]}
    elif record.topic == REPS.name:
        if body["type"] == "signed_in":
            desks[record.key].reps[body["rep_id"]] = body
        elif body["type"] == "signed_out":
            desks[record.key].reps.pop(body["rep_id"], None)
        elif body["type"] == "heartbeat":
            desks[record.key].beaten_s[body["rep_id"]] = record.at_s
    elif record.topic == "cases.current":
        for name, desk in desks.items():
            desk.waiting.pop(record.key, None)
            if body is not None and body["workspace"] == name and body["state"] == "waiting":
                desk.waiting[record.key] = body["team"], body["queue"]
    elif record.topic == "cases.events":
        desk = desks[body["workspace"]]
        if body["type"] in ("queued", "joined"):
            desk.skills[body["case_id"]] |= desk.of_post.get(body["post_id"], set())
        if body["type"] == "timed_out":
            desk.reps.pop(body["rep_id"], None)
    else:
        desk = desks[body["workspace"]]
        if body["state"] in ("offered", "assigned"):
            if not body.get("update"):
                weight = weight_of(body["queue"], body["channel"])
                if body["reason"] != "accepted":
                    desk.holder[body["case_id"]] = body["rep_id"], weight
                desk.offers[body["rep_id"]] += body["state"] == "offered"
            desk.had.add((body["case_id"], body["rep_id"]))
        else:
            desk.holder.pop(body["case_id"], None)


Check = Callable[[History], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    each_step_once,
    one_holder_and_no_rep_above_capacity,
    offers_only_to_those_who_may_have_them,
    no_queue_takes_more_than_its_share,
    picks_only_from_the_shelf,
    events_without_gap,
    each_post_told_once,
    offsets_without_gap,
    timers_neither_early_nor_stuck,
    each_timer_once,
    no_timer_early_or_overtaken,
    no_timer_overtakes_an_answer,
    no_offer_published_after_its_time,
    no_case_waits_beside_a_free_rep,
    no_offer_by_a_queue_that_is_shut,
)


def damage(history: History, checks: Iterable[Check] = CHECKS) -> list[str]:
    """Returns every damage, each with the name of the check that found it."""
    return [f"{check.__name__}: {said}" for check in checks for said in check(history)]
