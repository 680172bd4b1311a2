import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.adapters.yaml.documents import MAX_BYTES
from pipeline.adapters.yaml.policy_file import load_policy
from pipeline.app.offline.policy import check_policy
from pipeline.errors import Misconfigured
from schemas.policy.plain import Location

GOOD = """\
workspace: acme
version: 2
brand: {name: Acme, handles: [acme]}
queues:
  - name: general
    team: care
rules:
  - name: safety
    when: {any_keyword: [fire, smoke]}
    action: respond
    queue: general
    urgency: 1.0
"""

ROUTING = """\
workspace: acme
version: 2
brand: {name: Acme, author_ids: ["x:7"], handles: ["x:acme"], sender: "x:7"}
brands: [{name: Zenith, author_ids: ["x:8"], sender: "x:8"}]
departments: [{name: service, teams: [care, technical]}]
default_queue: general
doubt: {queue: general, bounds: {complaint_margin: 0.2}}
queues:
  - name: general
    team: care
    sla: standard
    calendar: uk
    borrows: [{team: technical, waiting_over: 5}]
    skills: [wiring, {name: gas, level: 3, required: true}]
    rings: [{after_s: 60, drop_skills: [wiring]}, {after_s: 120, add_teams: [technical]}]
    limits: {max_waiting: 10, overflow_queue: other}
    closed: overflow
  - {name: other, team: technical, order: priority}
calendars:
  - name: uk
    zone: Europe/London
    week: {mon: ["08:00-12:00", "13:00-15:00"]}
    closed: [2026-12-25, 2026-12-26]
    special: [{date: 2026-12-24, open: ["08:00-12:00"]}]
slas: [{name: standard, calendar: uk, targets: [{band: [p1], first_response_s: 900, due_soon_s: 60}]}]
topics: [{name: outage, any: [outage]}]
rules:
  - {name: rest, when: {topic: [outage], intent: [question]}, action: respond, queue: general, skills: [gas]}
"""


def load(tmp_path: Path, text: str | bytes) -> str:
    """The message of the refusal."""
    file = tmp_path / "p.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(Misconfigured) as refused:
        load_policy(file)
    return str(refused.value).replace(f"{file}:", "")


def test_a_good_policy_is_read(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(GOOD)
    policy = load_policy(file).value
    assert (policy.workspace, policy.version, policy.teams) == ("acme", 2, ("care",))
    assert policy.rules[0].when.any_keyword == ("fire", "smoke")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_policy(file).value.version == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("urgency: 1.0", "urgency: high", "12: rules[0].urgency: must be a number"),
        (
            "queue: general\n",
            "queue: genral\n",
            "11: rules[0].queue: there is no queue genral; did you mean general?",
        ),
        (
            "version: 2\n",
            "version: 2\ndefault_queue: genral\n",
            "3: default_queue: there is no queue genral; did you mean general?",
        ),
        ("when:", "wen:", "9: rules[0].wen: there is no such field"),
        ("team: care", "team: Care Team", "6: queues[0].team: must be at most 63 small letters"),
        (
            "any_keyword: [fire, smoke]",
            "any_keyword: [x]",
            "9: rules[0].when.any_keyword[0]: must have at least 2",
        ),
        ("version: 2\n", "", "1: version: is missing"),
        ("version: 2\n", "version: 2\nversion: 3\n", '3: found duplicate key "version"'),
        ("queues:", "queues", "5: "),
        ("version: 2\n", "version: 2\nbrand: a secret\n", '4: found duplicate key "brand"\n'),
        (
            "- name: general",
            "- <<: &general {name: general, offer_timeout_s: 1}",
            "5: queues[0].offer_timeout_s: must",
        ),
        ("brand: {", "brand: {{", "4: expected"),
    ],
)
def test_each_mistake_names_its_line_and_field(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert f"{load(tmp_path, GOOD.replace(old, new))}\n".startswith(expected)


def test_all_mistakes_are_named_in_the_order_of_the_file(tmp_path: Path) -> None:
    broken = GOOD.replace("team: care", "team: 5").replace("urgency: 1.0", "urgency: 2")
    assert [line.split(":")[0] for line in load(tmp_path, broken).splitlines()] == ["6", "12"]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words\n"])
def test_something_else_than_a_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).startswith("1: a policy is a mapping")


def test_bytes_that_are_no_utf8_are_named_by_line(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD.encode() + b"# \xff\n").startswith("13: byte ")


def test_a_tag_never_makes_an_object(tmp_path: Path) -> None:
    marker = tmp_path / "made"
    load(tmp_path, GOOD.replace("version: 2", f"version: !!python/object/apply:os.mkdir ['{marker}']"))
    assert not marker.exists()


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none\.yaml: cannot be read: No such file"):
        load_policy(tmp_path / "none.yaml")
    assert "at most" in load(tmp_path, GOOD + "#" * MAX_BYTES)


def test_what_else_is_refused_names_its_line_and_field_too_also_beside_wrong_fields(tmp_path: Path) -> None:
    def refusals(document: Any) -> Iterator[tuple[Location, str]]:
        assert document["workspace"] == "acme"
        yield ("topics", 0, "any", 1), "no query"
        yield ("topics", 0), "no topic"

    file = tmp_path / "p.yaml"
    file.write_text(GOOD + "topics:\n  - name: brand\n    any:\n      - acme\n      - '#'\n")
    with pytest.raises(Misconfigured) as refused:
        load_policy(file, refusals)
    answer = f"{file}:14: topics[0]: no topic\n{file}:17: topics[0].any[1]: no query"
    assert str(refused.value) == answer
    file.write_text(file.read_text().replace("version: 2", "version: two"))
    with pytest.raises(Misconfigured) as refused:
        load_policy(file, refusals)
    assert str(refused.value) == f"{file}:2: version: must be a whole number\n{answer}"


@settings(deadline=None)
@given(data=st.data())
def test_a_policy_whose_parts_have_any_shape_is_refused_in_words_and_never_crashes(data: st.DataObject) -> None:
    document = YAML(typ="safe").load(GOOD)
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, 5, "x", [], {}, [None], [{}], {"name": []}, [{"name": "x", "when": []}], True]
    )
    for field in data.draw(
        st.sets(st.sampled_from(sorted({*document, "topics", "intents", "numbers"})), min_size=1)
    ):
        document[field] = data.draw(odd)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "p.yaml"
        YAML(typ="safe").dump(document, file)
        refused_in_words(file)


def refused_in_words(file: Path) -> None:
    """Some shapes happen to be right. No other error may come, and each line of this one must say something."""
    answer = "p.yaml: no mistake"
    try:
        check_policy(file)
    except Misconfigured as refused:
        answer = str(refused)
    assert answer
    assert all(": " in line for line in answer.splitlines())


ODD: tuple[Any, ...] = (
    None, -1, 5, 10**400, True, "x", "120", "yes", b"abc", [], [[]], ["a"], [{}], {}, {"a": []},
)  # fmt: skip
"""Values that are right nowhere, or only in another spelling."""


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_policy_with_an_odd_value_anywhere_is_refused_in_words_and_never_crashes(data: st.DataObject) -> None:
    document = YAML(typ="safe").load(ROUTING)
    place = data.draw(st.sampled_from(list(places(document))))
    part = document
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = data.draw(st.sampled_from(ODD))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "p.yaml"
        YAML(typ="safe").dump(document, file)
        refused_in_words(file)


def places(part: Any) -> Iterator[Location]:
    """Where there is a value, however deep."""
    named = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in named:
        yield (name,)
        yield from ((name, *place) for place in places(value))


@pytest.mark.parametrize(
    "value", ["!!int soon", "!!int ''", "!!float +", "!!bool two", "0x" + "f" * 5000, "9" * 5000]
)
def test_a_scalar_that_is_not_what_it_says_is_refused_at_its_field(tmp_path: Path, value: str) -> None:
    assert load(tmp_path, GOOD.replace("version: 2", f"version: {value}")).startswith("2: version: ")
    assert load(tmp_path, GOOD + f"? {value}\n: 1\n").startswith("13: ")


@pytest.mark.parametrize("value", ["!mine [1]", "!!pairs [a: 1]", "!!set {a}", "!!omap [a: 1]"])
def test_a_tag_ends_in_a_sentence_wherever_it_stands(tmp_path: Path, value: str) -> None:
    assert load(tmp_path, GOOD + f"topics: {value}\n").startswith("13: ")
    assert load(tmp_path, GOOD + f"? {value}\n: 1\n")


@pytest.mark.parametrize("text", ["[" * 3000, "{a: " * 3000, "version: " + "9" * 5000])
def test_what_is_nested_too_deep_or_too_long_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text)


def test_aliases_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "aliases" in load(tmp_path, "\n".join(lines))
