"""Records become columns: unreadable ones are noted by place, altered dead letters are seen, other workspaces left
out.
"""

from msgspec.structs import replace

from pipeline.audit.collect.log_builder import LogBuilder, add_letter, digest
from pipeline.audit.interned_ids import Names, post_of
from pipeline.audit.logs import position
from pipeline.codec import encode
from pipeline.ports.records import InputRecord
from schemas.posts.raw import MAX_REVISION
from schemas.topics import CASES, RAW, SCORED
from tests.audit_world import Cluster, World, collect
from tests.builders import START_MS, post, scored

DAY_MS = 86_400_000


def builder(*workspaces: str, now_ms: int = START_MS, ttl_days: int | None = None) -> LogBuilder:
    return LogBuilder(Names(), frozenset(workspaces), now_ms, {"posts": ttl_days})


def raw(value: bytes, key: bytes = b"acme/x:ann", offset: int = 7) -> InputRecord:
    return InputRecord(RAW.name, 2, offset, key, value, START_MS)


def test_absent_empty_and_shifted_bytes_have_different_digests() -> None:
    parts = [(None, b""), (b"", None), (b"", b""), (None, None), (b"a", b"bc"), (b"ab", b"c")]
    assert len({digest(key, value) for key, value in parts}) == len(parts)


def test_a_post_number_keeps_post_and_revision_apart() -> None:
    names = Names()
    names.number("something else")
    first, last = names.post("acme", "x:p", 0), names.post("acme", "x:p", MAX_REVISION)
    assert (names.post_name(first), names.post_name(last)) == ("acme/x:p", f"acme/x:p@{MAX_REVISION}")
    assert post_of(first) == post_of(last) != 0


def test_an_unreadable_record_is_noted_with_its_place_and_code() -> None:
    made = builder()
    made.add_raw(raw(b"\xff"))
    assert made.raw.unreadable == [(position(2, 7), "invalid_utf8")]
    assert len(made.raw) == 0


def test_other_workspaces_are_passed_over_also_where_only_the_key_names_them() -> None:
    made = builder("other")
    made.add_raw(raw(encode(post())))
    made.add_raw(raw(b"\xff"))
    assert (len(made.raw), made.raw.unreadable) == (0, [])
    made.add_raw(raw(b"\xff", key=b"other/x:ann"))
    assert len(made.raw.unreadable) == 1


def test_a_letter_with_other_bytes_than_its_record_is_altered() -> None:
    cluster, made = Cluster(), builder()
    record = cluster.append(RAW.name, b"acme/x:ann", b"{")
    cluster.give_up(record, "invalid_json", value=b"[")
    letter, headers = cluster.log(f"{RAW.name}.dlq")[0][0]
    assert add_letter({RAW.name: made.raw.letters}, letter, headers) is None
    made.add_raw(record)
    at = position(record.partition, record.offset)
    assert (made.raw.letters.altered, made.raw.letters.kept(at)) == ({at}, False)


def test_a_letter_without_its_headers_is_a_warning() -> None:
    letter = InputRecord(f"{RAW.name}.dlq", 0, 3, None, b"{", START_MS)
    problem = add_letter({}, letter, [])
    assert problem is not None
    assert problem.startswith("posts.raw.dlq/0/3: dead letter header missing")


def test_a_letter_in_the_wrong_topic_is_a_warning() -> None:
    cluster = Cluster()
    cluster.give_up(cluster.append(RAW.name, b"k", b"{"), "invalid_json", value=b"{")
    letter, headers = cluster.log(f"{RAW.name}.dlq")[0][0]
    moved = replace(letter, topic=f"{SCORED.name}.dlq")
    logs = builder().logs()
    problem = add_letter({name: log.letters for name, log in logs.items()}, moved, headers)
    assert problem == f"posts.scored.dlq/0/{letter.offset}: it names posts.raw as its source"


def test_a_post_older_than_the_keeping_time_is_outdated() -> None:
    made = builder(now_ms=START_MS + 8 * DAY_MS, ttl_days=7)
    for ms in (0, 2 * DAY_MS):
        value = encode(scored(ms=ms))
        made.add_scored(InputRecord(SCORED.name, 0, ms, b"acme/x:ann", value, START_MS))
    assert list(made.scored.outdated) == [1, 0]


def test_a_tombstone_ends_a_case_of_cases_current() -> None:
    world = World(Cluster())
    assert live(world) == 2
    world.cluster.append(CASES.name, world.case["p2"].encode(), None)
    assert live(world) == 1


def live(world: World) -> int:
    return sum(one.state is not None for one in collect(world.cluster, ()).current.values())
