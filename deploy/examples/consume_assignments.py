"""Consumes assignments and accepts the offers of one rep. Usage: BOOTSTRAP WORKSPACE REP_ID."""

import json
import sys
from datetime import UTC, datetime

from confluent_kafka import Consumer, Producer

bootstrap, workspace, rep = sys.argv[1:4]
settings = {"bootstrap.servers": bootstrap, "group.id": f"desktop-{rep}", "enable.auto.commit": False,
            "isolation.level": "read_committed", "auto.offset.reset": "earliest"}  # fmt: skip
consumer = Consumer(settings)
producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random"})
consumer.subscribe(["assignments"])
states = ("offered", "assigned", "released", "closed")
seen: dict[str, tuple[int, int]] = {}  # case_id: its newest (attempt, state)
while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    record = json.loads(message.value())
    version = (record["attempt"], states.index(record["state"]))
    if version > seen.get(record["case_id"], (0, 0)):  # else read again after a crash, or superseded
        seen[record["case_id"]] = version
        print(record["state"], record["rep_id"], record["case_id"], record["attempt"], flush=True)  # noqa: T201
        if (record["workspace"], record["rep_id"], record["state"]) == (workspace, rep, "offered"):
            accept = {"type": "offer_accepted", "event_id": f"accept-{record['assignment_id']}", "rep_id": rep,
                      "workspace": workspace, "case_id": record["case_id"], "attempt": record["attempt"],
                      "seq": message.offset(), "occurred_at": datetime.now(UTC).isoformat()}  # fmt: skip
            producer.produce("reps.events", json.dumps(accept).encode(), workspace.encode())
            producer.flush()
    consumer.commit(message, asynchronous=False)  # only now: a crash repeats, it never skips
