"""When Faust's client has given up its place in the group: told from what aiokafka keeps, without asking it."""

import asyncio
from types import SimpleNamespace
from typing import Any

from pipeline.adapters.faust.membership import membership_error


def app_of(pending: Exception | None, task: object = None) -> Any:
    coordinator = SimpleNamespace(_pending_exception=pending, _coordination_task=task)
    return SimpleNamespace(
        _consumer=SimpleNamespace(_thread=SimpleNamespace(_consumer=SimpleNamespace(_coordinator=coordinator)))
    )


async def test_an_error_that_nobody_has_asked_for_is_told_and_stays() -> None:
    error = RuntimeError("fenced")
    app = app_of(error)
    assert membership_error(app) is error
    assert membership_error(app) is error, "it only looks"


async def test_a_coordination_that_has_failed_is_told_and_one_that_works_or_was_ended_is_not() -> None:
    async def breaks() -> None:
        raise RuntimeError("unexpected")

    failed, working = asyncio.ensure_future(breaks()), asyncio.ensure_future(asyncio.sleep(60))
    await asyncio.wait([failed])
    assert str(membership_error(app_of(None, failed))) == "unexpected"
    assert membership_error(app_of(None, working)) is None
    working.cancel()
    await asyncio.wait([working])
    assert membership_error(app_of(None, working)) is None


async def test_before_the_start_there_is_nothing_to_tell() -> None:
    bare: Any = SimpleNamespace(_consumer=None)
    assert membership_error(bare) is None
