"""A small morning at the desk runs record by record. The expected output was read and agreed line by line.

`route_input.jsonl` has milliseconds since the start, topic and message. A line without a message is the clock.
`route_expected.jsonl` has what each line leads to. After a change of meaning, delete it, run the test once, and
read the difference in git.
"""

import json
from pathlib import Path
from typing import Any

from pipeline.ports.records import InputRecord
from pipeline.route.router import Router
from tests.builders import START_MS, policy
from tests.routers import ALL, live_router

FOLDER = Path(__file__).parent


def new_router() -> Router:
    return live_router(policy())


def said_by(router: Router, after: int = 0, until: int | None = None) -> list[dict[str, Any]]:
    """Returns what the router says to the input lines after number `after`, each a transaction of its own."""
    said = []
    lines = (FOLDER / "route_input.jsonl").read_text().splitlines()[:until]
    for offset, line in enumerate(lines[after:], after):
        entry = json.loads(line)
        now_ms = START_MS + entry["ms"]
        if "topic" in entry:
            router.fire_timers(now_ms - 1, ALL)
            value = json.dumps(entry["value"]).encode()
            router.decide(InputRecord(entry["topic"], 0, offset, b"acme", value, now_ms), now_ms)
        else:
            router.fire_timers(now_ms, ALL)
        for output in router.decisions().outputs:
            key = None if output.key is None else output.key.decode()
            value_out = None if output.value is None else json.loads(output.value)
            said.append({"line": offset + 1, "topic": output.topic, "key": key, "value": value_out})
        router.commit()
    return said


def test_a_morning_at_the_desk_goes_as_agreed() -> None:
    path = FOLDER / "route_expected.jsonl"
    said = said_by(new_router())
    if not path.exists():
        path.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in said))
        raise AssertionError(f"{path.name} was written anew: read it, then run the test again")
    assert said == [json.loads(line) for line in path.read_text().splitlines()]
