"""Joins the policy file with the stages that understand its queries, rules and calendars.

It never asks Kafka, and how results are shown is the command's business.
"""

import contextlib
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError

from pipeline.adapters.yaml.policy_file import load_policy, load_yaml
from pipeline.app.offline.questionable import questionable
from pipeline.app.offline.staffing import understaffed, unemployed
from pipeline.enrich.author.brand import bare
from pipeline.enrich.listening.topics import refusals
from pipeline.enrich.triage.reachable import unreached
from pipeline.errors import Misconfigured
from pipeline.input_mistakes import did_you_mean
from pipeline.route.sla.zones import zone_names
from pipeline.scenario.desk.desk import Roster
from schemas.policy.plain import Location, entries, is_text, items, names, part
from schemas.policy.policy import Brand, ListeningTopic, Policy
from schemas.policy.sla import Band
from schemas.posts.raw import Visibility

_DASHED = re.compile(r"[a-z0-9_]+-[a-z0-9_-]*")
"""Platforms that the contract accepts for the sake of older policies. No `PlatformName` has them."""


class Checked(NamedTuple):
    """A policy without mistakes."""

    policy: Policy
    warnings: tuple[str, ...]
    """What is allowed and hardly meant, as `file:line: field: sentence`."""


def read_policy(path: Path) -> Policy:
    """Reads and checks a policy and the queries of its topics.

    Raises:
        Misconfigured: as `check_policy`.
    """
    return check_policy(path).policy


def check_policy(path: Path, roster: Path | None = None) -> Checked:
    """Does the same as `read_policy`, and also returns what its owner should be asked about.

    Args:
        path: the policy.
        roster: who works, as `earshot desk` reads it; then what nobody could do is asked about too.

    Raises:
        Misconfigured: as `load_policy`, for a query that is none or would find nearly every post, and for a
            platform that no post can come from; for mistakes in the roster, and one of another workspace.
    """
    written = load_policy(path, _refusals)
    policy = written.value
    doubts = [*unreached(policy), *_idle_targets(policy), *_bare_handles(policy)]
    doubts += questionable(policy)
    told: list[str] = []
    if roster is not None:
        people = load_yaml(roster, Roster, "a roster is a mapping with workspace and reps")
        if people.value.workspace != policy.workspace:
            place = people.place(("workspace",))
            raise Misconfigured(f"{place}the policy is of workspace {policy.workspace}")
        doubts += understaffed(policy, people.value)
        told = [people.place(where) + what for where, what in unemployed(policy, people.value)]
    return Checked(policy, (*(written.place(where) + what for where, what in doubts), *told))


def _refusals(document: Any) -> Iterator[tuple[Location, str]]:
    for at, entry in items(document, "topics"):
        # A topic with wrong fields is refused for these. Its queries are checked when the fields are mended.
        with contextlib.suppress(ValidationError):
            for refusal in refusals([ListeningTopic.model_validate(entry)]):
                yield ("topics", at, *refusal.location[2:]), refusal.reason
    for at, rule in entries(document, "rules"):
        for number, platform in names(rule.get("when"), "platform"):
            if _DASHED.fullmatch(platform):
                meant = did_you_mean(platform, [platform.replace("-", "_")])
                yield ("rules", at, "when", "platform", number), f"no platform is called {platform}{meant}"
    brands: list[tuple[Location, Any]] = [(("brand",), part(document, "brand"))]
    brands += [(("brands", at), brand) for at, brand in entries(document, "brands")]
    for place, brand in brands:
        for at, handle in names(brand, "handles"):
            if not handle.rpartition(":")[2].strip("@ "):
                yield (*place, "handles", at), "a handle must follow, such as x:acmecare"
    for at, calendar in entries(document, "calendars"):
        zone = calendar.get("zone")
        if is_text(zone) and zone not in zone_names():
            yield ("calendars", at, "zone"), f"there is no time zone {zone}{did_you_mean(zone, zone_names())}"


def _idle_targets(policy: Policy) -> Iterator[tuple[Location, str]]:
    for at, sla in enumerate(policy.slas):
        left = set(product(get_args(Band), get_args(Visibility)))
        for number, target in enumerate(sla.targets):
            mine = {case for case in left if target.fits(*case)}
            if not mine:
                what = "this target never decides: those before it take all of its cases"
                yield ("slas", at, "targets", number), what
            left -= mine


def _bare_handles(policy: Policy) -> Iterator[tuple[Location, str]]:
    brands: list[tuple[Location, Brand]] = [(("brand",), policy.brand)]
    brands += [(("brands", at), brand) for at, brand in enumerate(policy.brands)]
    for place, brand in brands:
        platforms = sorted({author_id.partition(":")[0] for author_id in brand.author_ids})
        counts = f"counts only on {', '.join(platforms)} (of author_ids)" if platforms else "counts nowhere"
        for at, handle in enumerate(brand.handles):
            if bare(handle):
                yield (*place, "handles", at), f"{handle} names no platform and {counts}: write PLATFORM:{handle}"
