"""What the routers of a worker count is exported, each count once."""

from pipeline.app.routing_outcomes import RoutingOutcomes
from pipeline.metrics import ROUTING_OUTCOMES, Metrics
from pipeline.route.router import Router
from tests import builders as b
from tests.builders import START_MS, record

DAY_MS = 86_400_000


def router() -> Router:
    made = Router(15 * DAY_MS, "processing")
    made.take_policy("acme", b.policy().model_dump_json().encode(), START_MS)
    return made


def commit(router: Router, *posts: str, queue: str = "care") -> None:
    for number, post_id in enumerate(posts):
        message = b.scored(post_id, by=post_id, queue=queue)
        router.decide(record(message, number, append_ms=START_MS), START_MS)
    router.decisions()
    router.commit()


def exported(metrics: Metrics, outcome: str) -> float | None:
    return metrics.registry.get_sample_value("earshot_routing_outcomes_total", {"outcome": outcome})


def test_each_count_is_exported_once_however_often_one_looks() -> None:
    metrics, routed = Metrics(), router()
    outcomes = RoutingOutcomes(metrics)
    commit(routed, "p1", "p1")
    outcomes.look([routed])
    outcomes.look([routed])
    assert exported(metrics, "duplicate_posts") == 1
    commit(routed, "p1", "p1")
    outcomes.look([routed])
    assert exported(metrics, "duplicate_posts") == 3


def test_what_is_not_committed_is_not_exported() -> None:
    metrics, routed = Metrics(), router()
    commit(routed, "p1")
    routed.decide(record(b.scored("p1"), 1, append_ms=START_MS), START_MS)
    RoutingOutcomes(metrics).look([routed])
    assert exported(metrics, "duplicate_posts") is None


def test_a_router_that_takes_the_place_of_another_counts_from_its_own_start() -> None:
    metrics, first, second = Metrics(), router(), router()
    outcomes = RoutingOutcomes(metrics)
    commit(first, "p1", "p1", "p1")
    outcomes.look([first])
    commit(second, "p2", "p2")
    outcomes.look([second])
    assert exported(metrics, "duplicate_posts") == 3


def test_every_outcome_that_the_router_counts_exists_at_zero_from_the_start() -> None:
    metrics, routed = Metrics(), router()
    metrics.begin("route")
    commit(routed, "p1", "p1")
    commit(routed, "p3", queue="nowhere")
    counted = set(routed.counters()) - {"timers_fired"}
    assert counted
    assert counted <= set(ROUTING_OUTCOMES)
    assert {exported(metrics, outcome) for outcome in ROUTING_OUTCOMES} == {0.0}
