"""Stories, step by step as `tests/story.py` plays them.

`stories/<policy>.txt` has what an example policy makes of posts. `cases/<name>.<policy>.txt` follows a few cases
from the words to the rep, with all that each offer says.
"""

import os
from pathlib import Path

import pytest

from pipeline.adapters.yaml.policy_file import load_policy
from tests.story import told

FOLDER = Path(__file__).parent
POLICIES = Path(__file__).parents[2] / "deploy/policies"
OF_POLICIES = sorted(FOLDER.glob("stories/*.txt"))
OF_CASES = sorted(FOLDER.glob("cases/*.txt"))


@pytest.mark.parametrize("path", [*OF_POLICIES, *OF_CASES], ids=lambda path: path.stem)
def test_a_story_goes_as_agreed(path: Path) -> None:
    policy = load_policy(POLICIES / f"{path.stem.rpartition('.')[2]}.yaml").value
    written, goes = told(path, policy, whole=path in OF_CASES)
    if os.environ.get("STORIES") == "write":
        path.write_text(goes, encoding="utf-8")
    assert goes == written


def test_each_example_policy_has_its_story() -> None:
    examples = {path.stem for path in POLICIES.glob("*.yaml") if not path.stem.startswith("acme")}
    assert examples == {path.stem for path in OF_POLICIES}
