"""Makes routers with policies in force, at the live edge, as the loop makes them before the first record."""

from typing import Literal

from pipeline.codec import encode
from pipeline.route.router import Router
from schemas.policy.policy import Policy

ALL = 10**9
"""A limit that nothing reaches."""


def live_router(
    *policies: Policy, remember_ms: int = 15 * 86_400_000, clock: Literal["processing", "event"] = "processing"
) -> Router:
    router = Router(remember_ms, clock)
    for given in policies:
        router.take_policy(given.workspace, encode(given), 0)
    assert router.set_live(True, 0, ALL)
    router.commit()
    return router
