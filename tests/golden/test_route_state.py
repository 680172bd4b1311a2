"""`route.state` of each release is the changelog as it was written in the middle of the morning of
`test_route.py`.

`route_state/<release>/after_NN.jsonl` holds key and value of every live entry after input line NN. A release that
restores it goes on as if nothing had happened. `current` is what this release writes. Where that changes, raise
the kind's version, keep the old folder under the name of its release, and write `current` anew by deleting it.
"""

import json
from typing import Any

import pytest

from pipeline.errors import Misconfigured
from pipeline.route.router import Router
from pipeline.route.state.brief import NOTHING, Brief
from pipeline.route.state.changelog import VERSIONS, decode, encode
from pipeline.route.state.dedupe.chunks import hash_of, is_of_handled
from pipeline.route.state.entities import Case, Closed, Entity, HashChunk, Member, Picks
from tests.golden.test_route import FOLDER, new_router, said_by

STATES = FOLDER / "route_state"
CUTS = (8, 17)
"""After 8 lines a case waits, one is offered and one is assigned. After 17 a rep has missed an offer, too."""
RELEASES = (
    "without_versions",
    "an_entry_an_input",
    "without_deadlines",
    "one_case_a_contact",
    "reps_for_ever",
    "skills_without_levels",
    "one_missed_offer",
    "without_leases",
    "times_of_refusal",
    "cases_in_one_part",
    "current",
)
"""Oldest first."""


def entries(release: str, cut: int) -> dict[bytes, bytes]:
    lines = map(json.loads, (STATES / release / f"after_{cut:02}.jsonl").read_text().splitlines())
    return {line["key"].encode(): line["value"].encode() for line in lines}


def restored(found: dict[bytes, bytes]) -> Router:
    router = new_router()
    for key, value in found.items():
        router.restore(key, value)
    return router


def written(cut: int) -> dict[bytes, bytes]:
    """Returns the compacted changelog of this release after `cut` input lines."""
    router = Router(15 * 86_400_000, "processing")
    # As it was once published, because its digest says which bytes those were.
    router.take_policy("acme", (STATES / "policy.json").read_bytes().rstrip(), 0)
    live = dict(router.decisions().changes)
    router = new_router()
    for line in range(cut):
        said_by(_Recorded(router, live), line, line + 1)
    return {key: value for key, value in sorted(live.items()) if value is not None}


class _Recorded(Router):
    """Passes everything on and keeps what each transaction changes."""

    def __init__(self, router: Router, live: dict[bytes, bytes | None]) -> None:
        self.__dict__ = router.__dict__
        self._compacted = live

    def commit(self) -> None:
        self._compacted.update(self.decisions().changes)
        super().commit()


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("release", RELEASES)
def test_a_router_that_restores_the_changelog_of_a_release_goes_on_as_agreed(release: str, cut: int) -> None:
    agreed = [json.loads(line) for line in (FOLDER / "route_expected.jsonl").read_text().splitlines()]
    said = said_by(restored(entries(release, cut)), cut)
    assert [due(release, entry) for entry in said] == [
        due(release, entry) for entry in agreed if entry["line"] > cut
    ]


NOT_KEPT = {"respond_by", "led_by", "scores", "reposts"}
"""What a release before has counted in another way, or did not keep."""


def due(release: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Returns what the router said, without what it cannot know from the changelog of a release before."""
    if release == "current" or entry["value"] is None:
        return entry
    return entry | {"value": {name: value for name, value in entry["value"].items() if name not in NOT_KEPT}}


def test_a_restored_case_holds_equal_times_once() -> None:
    cases = [entity for entity in entities("current", CUTS[0]).values() if isinstance(entity, Case)]
    for case in cases:
        times = [case.queued_at_ms, case.entered_ms, case.active_ms, case.updated_at_ms]
        assert len(set(map(id, times))) == len(set(times))
    assert any(case.queued_at_ms == case.entered_ms for case in cases)


@pytest.mark.parametrize("cut", CUTS)
def test_this_release_writes_the_golden_changelog(cut: int) -> None:
    path = STATES / "current" / f"after_{cut:02}.jsonl"
    now = written(cut)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        lines = ({"key": key.decode(), "value": value.decode()} for key, value in now.items())
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        raise AssertionError(f"{path.name} was written anew: is the kind's version raised and the old one kept?")
    assert now == entries("current", cut)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_releases_hold_the_same_state(release: str, cut: int) -> None:
    before, now = entities(release, cut), entities("current", cut)
    # The first releases kept no policies and no closed cases. Of picks that were counted by queue nothing is made.
    newer = {name for name in now.keys() - before.keys() if name.startswith(("policy/", "picks/", "closed/"))}
    # The one before did not keep what there is to read about a closed case.
    closed = {name.split("/")[2] for name in now if name.startswith("closed/")}
    newer |= {f"brief/acme/{case_id}" for case_id in closed}
    newer |= {name for name, entity in now.items() if isinstance(entity, Member) and entity.case_id in closed}
    assert {name: known_before(entity) for name, entity in now.items() if name not in newer} == {
        name: known_before(entity) for name, entity in before.items() if name not in newer
    }


def known_before(entity: Entity) -> Entity:
    """Returns the entity without what an upgrade can only guess."""
    if isinstance(entity, Case):
        return entity._replace(active_ms=0, public=True, respond_by_ms=0, reposts=0)
    if isinstance(entity, Brief):
        parts = entity.parts()
        parts.led_by, parts.scores = None, NOTHING
        return parts.joined()
    return entity._replace(case=None) if isinstance(entity, Closed) else entity


def entities(release: str, cut: int) -> dict[str, Entity]:
    found = {
        name: value for key, value in entries(release, cut).items() if not is_of_handled(name := key.decode())
    }
    read = {name: decode(name, value, {}) for name, value in found.items()}
    return {name: entity for name, entity in read.items() if entity is not None}


@pytest.mark.parametrize("cut", CUTS)
def test_each_value_says_the_version_of_its_form(cut: int) -> None:
    for key, value in entries("current", cut).items():
        assert json.loads(value)["v"] == VERSIONS[key.decode().split("/")[0]]  # type: ignore[index]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("release", RELEASES[:2])
def test_chunks_hold_the_hash_of_each_entry_of_the_releases_before_them(release: str, cut: int) -> None:
    seen = {name for key in entries(release, cut) if (name := key.decode()).startswith("seen-")}
    found = entries("current", cut)
    chunks = [decode(key.decode(), value, {}) for key, value in found.items() if b"handled/" in key]
    hashes = b"".join(chunk.hashes for chunk in chunks if isinstance(chunk, HashChunk))
    held = {int.from_bytes(hashes[at : at + 8], "little") for at in range(0, len(hashes), 8)}
    assert held == {hash_of(name) for name in seen}


def test_the_golden_changelogs_hold_every_kind() -> None:
    held = {key.split(b"/")[0].decode() for release in RELEASES for cut in CUTS for key in entries(release, cut)}
    # A move of cases and a time away last for moments, and the queues of that morning are always open. All have
    # tests of their own, in `cases/test_requeue.py`, `people/test_leases.py` and `limits/test_opening.py`.
    assert held == set(VERSIONS) - {"move", "hours", "away", "lending"}


def test_a_value_of_a_newer_release_is_refused_with_a_sentence_that_names_it() -> None:
    with pytest.raises(Misconfigured, match=r"picks/acme/care/: written in version 9 .* reads up to 2"):
        new_router().restore(b"picks/acme/care/", b'{"v": 9, "total": 3}')


@pytest.mark.parametrize("value", [b"{", b"[]", b'{"v": 2}', b'{"v": 2, "total": 3, "more": 1}', b'{"v": "x"}'])
def test_a_damaged_value_is_refused_with_a_sentence_that_names_it(value: bytes) -> None:
    with pytest.raises(Misconfigured, match=r"route\.state, picks/acme/care/: the value is damaged"):
        new_router().restore(b"picks/acme/care/", value)


def test_a_kind_of_a_newer_release_is_left_alone() -> None:
    router = restored(entries("current", 8))
    router.restore(b"ring/acme/care", b'{"v": 1, "anything": true}')
    router.restore(b"ring/acme/care", None)
    assert router.decisions().changes == {}
    assert router.gauges() == restored(entries("current", 8)).gauges()


def test_the_version_is_the_first_thing_in_a_value() -> None:
    assert encode("picks", Picks(3)) == b'{"v":2,"total":3}'


def test_a_brief_of_an_earlier_release_leaves_room_for_the_reasons_of_the_routing() -> None:
    key, value = next(item for item in entries("without_versions", 8).items() if item[0].startswith(b"brief/"))
    fields = json.loads(value)
    fields["reasons"] = [{"code": f"rule.{number}", "detail": "", "weight": 1.0} for number in range(20)]
    brief = decode(key.decode(), json.dumps(fields).encode(), {})
    assert isinstance(brief, Brief)
    assert len(json.loads(bytes(brief.parts().reasons))) + 3 == 20
