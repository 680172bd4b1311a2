"""`earshot audit` runs on the real broker and the real ClickHouse.

It is clean where all is well, and it names every planted loss and double, with the right exit code.
"""

import json
import threading
from functools import partial
from socket import socket
from typing import Any

import pytest
from confluent_kafka import OFFSET_END, Producer, TopicPartition

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.config import producer_config
from pipeline.audit.collect import log_builder
from pipeline.audit.collect.sample import Sample
from pipeline.cli import main
from pipeline.clock import SystemClock
from pipeline.codec import decode, encode
from pipeline.errors import EXIT_NO, EXIT_OK, EXIT_SERVICE_MISSING, EXIT_USAGE
from pipeline.ingest.manifest.format import Header
from pipeline.ingest.manifest.writer import ManifestWriter
from schemas.cases.case import CaseEvent
from schemas.topics import ASSIGNMENTS, CASE_EVENTS, CASES, RAW, SCORED, team_topic
from tests.audit_faults import FAULTS, Fault
from tests.audit_world import Cluster, P, World
from tests.integration.audit_lab import PATIENCE_S, AuditLab

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("commands_find_the_lab")]


@pytest.fixture(scope="module")
def worlds(lab: AuditLab) -> dict[str, World]:
    """Writes a clean workspace and one for each fault, all in the same topics and tables."""
    cluster = Cluster()
    made = {"clean": World(cluster, "clean")}
    made |= {fault.workspace: World(cluster, fault.workspace, fault.plant) for fault in FAULTS}
    lab.write(cluster, [sent for world in made.values() for sent in world.delivered])
    lab.commit_groups()
    return made


def audit(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any], str]:
    """Returns exit code, the object, and what was said."""
    with pytest.raises(SystemExit) as ended:
        main(["audit", "--json", *options])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), json.loads(out) if out else {}, err


def said(verdict: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
    return {
        (hop["hop"], kind): [finding["id"] for finding in hop[kind]["shown"]]
        for hop in verdict["hops"]
        for kind in ("lost", "changed", "doubled", "unexpected")
        if hop[kind]["count"]
    }


def test_a_clean_workspace_is_clean(worlds: dict[str, World], capsys: pytest.CaptureFixture[str]) -> None:
    assert worlds
    code, verdict, err = audit(capsys, "--workspace", "clean")
    assert said(verdict) == {}
    assert (code, verdict["ok"], verdict["rejected_lines"]) == (EXIT_OK, True, 1)
    assert [hop["in"] for hop in verdict["hops"]] == [7, 9, 6, 3, 7, 17, 8, 9, 2, 5, 17, 9, 2]
    assert err.endswith("audit: clean\n")
    assert "warning" not in err


IN_TURN = [fault for fault in FAULTS if fault.place in ("scored", "events", "posts", "assignments table")]
"""A loss and a double of each kind stand alone on real parts. `tests/unit/audit` has all of them alone."""


@pytest.mark.parametrize("fault", IN_TURN, ids=lambda fault: f"{fault.place}-{fault.copies}")
def test_a_planted_fault_is_named(
    fault: Fault, worlds: dict[str, World], capsys: pytest.CaptureFixture[str]
) -> None:
    code, verdict, err = audit(capsys, "--workspace", fault.workspace)
    name = fault.named(worlds[fault.workspace])
    assert said(verdict) == fault.said(worlds[fault.workspace])
    assert code == (EXIT_NO if fault.fatal else EXIT_OK)
    assert f"{fault.hop}: {fault.kind}: {name} at " in err


def test_all_workspaces_are_audited_without_a_choice(
    worlds: dict[str, World], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # All worlds together have more records of a topic than are compared by default.
    monkeypatch.setattr(log_builder, "Sample", partial(Sample, 100 * len(worlds)))
    code, verdict, err = audit(capsys)
    found = said(verdict)
    for fault in FAULTS:
        assert fault.named(worlds[fault.workspace]) in found[fault.hop, fault.kind]
    assert code == EXIT_NO
    assert "audit: NOT clean: manifest -> posts.raw; " in err
    bad = sum(fault.place != "letter" for fault in FAULTS) + 1 + 2
    assert f"posts.raw.dlq: invalid_json {bad}, wrong_key {len(FAULTS) + 1}" in err


def test_only_the_named_manifests_are_followed(
    lab: AuditLab, worlds: dict[str, World], capsys: pytest.CaptureFixture[str]
) -> None:
    assert worlds
    clock = SystemClock()
    header = Header("empty", RAW.name, None, {}, clock.now().isoformat())
    with ManifestWriter.create(lab.state_dir / "elsewhere", header, clock) as empty:
        code, verdict, err = audit(capsys, "--workspace", "manifest-0", "--manifest", str(empty.path))
    assert (code, verdict["hops"][0]["in"]) == (EXIT_OK, 0)
    assert "run empty has not ended" in err


def test_retention_makes_ids_expired_not_missing(
    lab: AuditLab, worlds: dict[str, World], capsys: pytest.CaptureFixture[str]
) -> None:
    assert worlds
    ends = [TopicPartition(RAW.name, n, OFFSET_END) for n in range(P)]
    for future in lab.admin.delete_records(ends).values():
        future.result(PATIENCE_S)
    code, verdict, _ = audit(capsys, "--workspace", "clean")
    assert [(hop["in"], hop["out"], hop["expired"]) for hop in verdict["hops"][:2]] == [(7, 0, 7), (0, 0, 0)]
    assert (code, said(verdict)) == (EXIT_OK, {})


def test_what_a_stage_has_not_come_to_is_not_yet_and_no_loss(
    lab: AuditLab, worlds: dict[str, World], capsys: pytest.CaptureFixture[str]
) -> None:
    assert worlds
    producer = Producer(producer_config(lab.kafka))
    producer.produce(SCORED.name, b"{", b"clean/x:nobody")
    assert producer.flush(PATIENCE_S) == 0
    code, verdict, err = audit(capsys, "--workspace", "clean", "--settle", "0.1")
    assert (code, verdict["ok"], verdict["not_yet"], said(verdict)) == (EXIT_OK, True, 1, {})
    unread = f"earshot-sink has up to 1 records of {SCORED.name}/"
    assert [warning.startswith(unread) for warning in verdict["warnings"]] == [True]
    assert "posts.scored -> ClickHouse posts: not yet: 1, the first of them unreadable record at " in err
    assert err.endswith("audit: clean so far; not yet there: 1, which their stages have not come to\n")
    # The same record once the sink says that it has done with it: nobody has it.
    lab.commit_groups()
    code, verdict, _ = audit(capsys, "--workspace", "clean")
    assert (code, said(verdict)) == (
        EXIT_NO,
        {("posts.scored -> ClickHouse posts", "lost"): ["unreadable record"]},
    )


def test_no_id_anywhere_proves_nothing(worlds: dict[str, World], capsys: pytest.CaptureFixture[str]) -> None:
    assert worlds
    code, verdict, err = audit(capsys, "--workspace", "claen")
    assert (code, verdict["ok"], said(verdict)) == (EXIT_NO, False, {})
    assert "audit: nothing at all" in err


def test_too_large_a_share_of_dead_letters_is_not_clean(
    worlds: dict[str, World], capsys: pytest.CaptureFixture[str]
) -> None:
    assert worlds
    code, _, err = audit(capsys, "--workspace", "manifest-2", "--max-dead-letters", "0.1")
    assert code == EXIT_NO
    assert "posts.actionable -> cases.events: 1 of 7 ids (14.3%) were given up and lie in the dead letters" in err
    assert "audit: NOT clean: posts.actionable -> cases.events" in err


def test_an_open_transaction_is_waited_for_and_tears_nothing_apart(
    lab: AuditLab, worlds: dict[str, World], capsys: pytest.CaptureFixture[str]
) -> None:
    """The event is there when the audit begins, and its assignment and its commit come while the audit reads."""
    assert worlds
    cluster = Cluster()
    World(cluster, "open")
    producer = Producer(producer_config(lab.kafka) | {"transactional.id": "audit-open"})
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()

    def write(*names: str) -> None:
        for name in names:
            for n, log in enumerate(cluster.log(name)):
                for record, _ in log:
                    value = record.value
                    if name == CASE_EVENTS.name:  # its causes lie elsewhere on this broker
                        value = encode(decode(CaseEvent, value).model_copy(update={"cause": None}))
                    producer.produce(name, value, record.key, n)
        assert producer.flush(PATIENCE_S) == 0

    write(CASE_EVENTS.name)
    teams = [name for name in cluster.topics if name.startswith(f"{ASSIGNMENTS.name}.open.")]
    ensure_topics(lab.kafka, [team_topic("open", name.split(".")[2]) for name in teams])

    def finish() -> None:
        write(ASSIGNMENTS.name, *teams, CASES.name)
        producer.commit_transaction(PATIENCE_S)

    later = threading.Timer(2.0, finish)
    later.start()
    code, verdict, _ = audit(capsys, "--workspace", "open")
    later.join()
    assert (code, said(verdict)) == (EXIT_OK, {})
    hops = {hop["hop"]: hop for hop in verdict["hops"]}
    assert hops["cases.events, seq of each case"]["in"] == 17, "read once the transaction was over"
    assert hops["cases.events -> assignments"]["not_yet"]["count"] in range(9)
    code, verdict, _ = audit(capsys, "--workspace", "open")
    assert (code, said(verdict)) == (EXIT_OK, {})
    hops = {hop["hop"]: hop for hop in verdict["hops"]}
    assert (hops["cases.events -> assignments"]["out"], verdict["not_yet"] > 0) == (8, True)


def test_without_clickhouse_it_exits_3(
    worlds: dict[str, World], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worlds
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("EARSHOT_CLICKHOUSE__URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        code, _, err = audit(capsys)
    assert (code, "does not answer" in err) == (EXIT_SERVICE_MISSING, True)


def test_without_tables_it_says_what_to_type(
    worlds: dict[str, World], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert worlds
    monkeypatch.setenv("EARSHOT_CLICKHOUSE__DATABASE", "no_such_database")
    code, _, err = audit(capsys, "--workspace", "clean")
    assert (code, "earshot migrate" in err) == (EXIT_USAGE, True)
