"""The audit and the router agree: whatever a day brings, what the real router decided is found clean."""

from hypothesis import given, settings

from pipeline.audit.findings import HopReport
from pipeline.audit.hops import case as case_hops
from pipeline.audit.hops import current as current_hop
from schemas.topics import ACTIONABLE
from tests.audit_world import Cluster, collect
from tests.property.route_play import STEPS, Step, play

ROUTER_HOPS = (
    case_hops.actionable_to_events,
    case_hops.events_without_gap,
    case_hops.events_to_assignments,
    case_hops.assignments_to_teams,
    current_hop.events_to_current,
)


def judged(steps: list[Step]) -> list[HopReport]:
    cluster = Cluster()
    for transaction in play(steps):
        for record in transaction.records:
            if record.topic == ACTIONABLE.name:
                cluster.append(ACTIONABLE.name, record.key or b"", record.value)
        for output in transaction.decisions.outputs:
            cluster.append(output.topic, output.key or b"", output.value)
    facts = collect(cluster, ())
    # The player numbers its records across topics, so causes point elsewhere than here.
    facts.events.causes = type(facts.events.causes)("q", [-1] * len(facts.events))
    return [hop(facts) for hop in ROUTER_HOPS]


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_what_the_router_decided_is_clean(steps: list[Step]) -> None:
    for report in judged(steps):
        assert report.ok, report


def test_copies_for_the_team_of_a_rep_who_has_a_case_of_another_team_are_clean() -> None:
    steps = [("sign_in", 2, 1), ("sign_in", 0, 1), ("post", 0, 0), ("accept", 0, 1), ("transfer", 5, 0)]
    day = [Step(kind, who, what, 0, ends_transaction=True) for kind, who, what in steps]
    outputs = [output for played in play(day) for output in played.decisions.outputs]
    assert {"assignments.acme.care", "assignments.acme.social"} <= {output.topic for output in outputs}
    for report in judged(day):
        assert report.ok, report
