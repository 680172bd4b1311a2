"""The desktop of one rep: signs in, accepts, answers, closes, signs out. Usage: BOOTSTRAP WORKSPACE REP TEAM."""

import itertools
import json
import signal
import sys
import time
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

bootstrap, workspace, rep, team = sys.argv[1:5]
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"desktop-{workspace}-{rep}",
                     "enable.auto.commit": False, "isolation.level": "read_committed"})  # fmt: skip
producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "enable.idempotence": True})
numbers = itertools.count(time.time_ns() // 1_000_000)  # also higher than all before a restart
states = ("offered", "assigned", "released", "closed")
seen: dict[str, tuple[int, int, int]] = {}  # case_id: its newest (attempt, state, update)


def delivered(error: KafkaError | None, _: Message) -> None:
    if error is not None:
        raise KafkaException(error)


def say(what: str, event_id: str = "", **fields: object) -> None:
    seq = next(numbers)
    event = {"type": what, "workspace": workspace, "rep_id": rep, "sender": "python-example", "seq": seq,
             "event_id": event_id or f"{what}-{rep}-{seq}",
             "occurred_at": datetime.now(UTC).isoformat(), **fields}  # fmt: skip
    producer.produce("reps.events", json.dumps(event).encode(), workspace.encode(), on_delivery=delivered)
    producer.flush()


def begin(_: Consumer, assigned: list[TopicPartition]) -> None:
    places = consumer.committed(assigned)
    for place in places:  # a new group begins now: what other desktops did before is over
        if place.offset < 0:
            place.offset = consumer.get_watermark_offsets(place)[1]
    consumer.assign(places)
    say("signed_in", teams=[team], capacity=10)  # only now: no offer can come before the place to read from


def handle(record: dict[str, object]) -> None:
    case = {"case_id": record["case_id"], "attempt": record["attempt"]}
    if record["state"] == "offered" and datetime.fromisoformat(str(record["expires_at"])) > datetime.now(UTC):
        say("offer_accepted", f"accept-{record['assignment_id']}", **case)
    elif record["state"] == "assigned" and not record.get("update"):
        # A person reads record["posts"], answers on the network, and closes the case.
        say("reply_sent", f"reply-{record['assignment_id']}", channel=record["channel"], **case)
        say("case_resolved", f"resolve-{record['assignment_id']}", **case)


signal.signal(signal.SIGTERM, lambda *_: sys.exit())
consumer.subscribe(["assignments"], on_assign=begin)
try:
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        record = json.loads(message.value())
        if (record["workspace"], record["rep_id"]) == (workspace, rep) and record["state"] in states:
            version = (record["attempt"], states.index(record["state"]), record.get("update", 0))
            if version > seen.get(record["case_id"], (0, 0, 0)):  # else read again, or superseded
                seen[record["case_id"]] = version
                print(record["state"], rep, record["case_id"], record["attempt"], flush=True)
                handle(record)
        consumer.commit(message, asynchronous=False)  # only now: a crash repeats, it never skips
finally:
    say("signed_out")
    consumer.close()
