"""The simulated desk: the same assignment, the same answer; every path of a rep is taken at its share."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from pipeline.adapters.yaml.policy_file import load_yaml
from pipeline.errors import Misconfigured
from pipeline.scenario.desk.desk import ALWAYS, Desk, Roster
from schemas.cases.case import Assignment, Candidates
from schemas.people.casework import OfferAccepted, OfferRejected
from schemas.people.presence import PresenceChanged
from schemas.people.rep import AnyRepEvent
from schemas.posts.scored import Influence
from tests.builders import at, author

ROSTER = Roster.model_validate({"workspace": "acme", "reps": [{"rep_id": "r1", "teams": ["care"], "capacity": 2}]})


def _assignment(number: int = 1, **over: Any) -> Assignment:
    fields: dict[str, Any] = {
        "workspace": "acme", "assignment_id": f"a{number}", "case_id": f"c{number}", "attempt": 1,
        "state": "offered", "reason": "matched", "rep_id": "r1", "queue": "care", "team": "care", "platform": "x",
        "author": author(), "posts": (), "posts_total": 1, "priority": 1.0, "action": "respond",
        "influence": Influence(score=1.0, confidence=0.0, lower_bound=0.0), "channel": "direct",
        "candidates": Candidates(eligible=1, present=1), "queued_at": at(), "decided_at": at(1000),
        "expires_at": at(121_000), "respond_by": at(3_600_000), "policy_version": 1, "trace_started_at": at(),
    }  # fmt: skip
    return Assignment(**fields | over)


def _kinds(events: list[AnyRepEvent]) -> Counter[str]:
    return Counter(event.type for event in events)


def test_everybody_signs_in_with_teams_skills_and_capacity() -> None:
    [event] = Desk(ROSTER, 0).sign_ins(ALWAYS)
    assert event.model_dump(include={"type", "rep_id", "teams", "skills", "capacity"}) == {
        "type": "signed_in", "rep_id": "r1", "teams": ("care",), "skills": (), "capacity": 2
    }  # fmt: skip


def test_offers_are_mostly_accepted_some_rejected_a_few_ignored() -> None:
    desk = Desk(ROSTER, 0)
    answers = [event for n in range(2000) for event in desk.answer(_assignment(n))]
    kinds = _kinds(answers)
    assert kinds["offer_rejected"] / 2000 == pytest.approx(0.05, abs=0.015)
    assert 1 - len(answers) / 2000 == pytest.approx(0.03, abs=0.012)
    assert set(kinds) == {"offer_accepted", "offer_rejected"}
    think_s = [(event.occurred_at - at(1000)).total_seconds() for event in answers]
    assert median(think_s) == pytest.approx(20, rel=0.1)


def test_an_answer_names_the_offer() -> None:
    for number in range(20):
        for event in Desk(ROSTER, 0).answer(_assignment(number, attempt=3)):
            assert isinstance(event, OfferAccepted | OfferRejected)
            assert (event.case_id, event.attempt, event.rep_id) == (f"c{number}", 3, "r1")


def test_an_assigned_case_is_answered_on_its_channel_then_resolved() -> None:
    reply, resolve = Desk(ROSTER, 0).answer(_assignment(state="assigned"))
    assert (reply.type, resolve.type) == ("reply_sent", "case_resolved")
    assert reply.type == "reply_sent"
    assert reply.channel == "direct"
    assert at(1000) < reply.occurred_at < resolve.occurred_at
    assert reply.seq < resolve.seq


def test_after_a_missed_offer_the_rep_comes_back() -> None:
    [event] = Desk(ROSTER, 0).answer(_assignment(state="released", reason="timed_out"))
    assert isinstance(event, PresenceChanged)
    assert event.presence == "available"


@pytest.mark.parametrize(
    "over",
    [
        {"state": "closed", "reason": "resolved"},
        {"state": "released", "reason": "declined"},
        {"rep_id": "somebody-real"},
        {"workspace": "other"},
    ],
)
def test_nothing_is_answered_to_what_needs_no_answer_or_is_of_another_desk(over: dict[str, Any]) -> None:
    assert list(Desk(ROSTER, 0).answer(_assignment(**over))) == []


def test_the_same_assignment_gets_the_same_answer_and_another_seed_another() -> None:
    one, two, other = Desk(ROSTER, 0), Desk(ROSTER, 0), Desk(ROSTER, 1)
    assert list(one.answer(_assignment())) == list(two.answer(_assignment()))
    assert list(one.answer(_assignment())) != list(other.answer(_assignment()))


def test_a_fast_desk_does_the_same_sooner() -> None:
    [slow], [fast] = Desk(ROSTER, 0).answer(_assignment()), Desk(ROSTER, 0, speed=100).answer(_assignment())
    assert slow.type == fast.type
    assert (fast.occurred_at - at(1000)) * 100 == pytest.approx(
        slow.occurred_at - at(1000), abs=timedelta(milliseconds=101)
    )


def test_a_wrong_roster_is_named_with_file_line_and_field(tmp_path: Path) -> None:
    path = tmp_path / "roster.yaml"
    path.write_text("workspace: acme\nreps:\n  - rep_id: a\n    teams: [care]\n    capacty: 3\n")
    with pytest.raises(Misconfigured) as error:
        load_yaml(path, Roster, "a roster")
    assert str(error.value) == f"{path}:5: reps[0].capacty: there is no such field; did you mean capacity?"


def test_the_demos_roster_fits() -> None:
    path = Path(__file__).parents[4] / "deploy" / "policies" / "acme-desk.yaml"
    assert len(load_yaml(path, Roster, "a roster").value.reps) >= 3
