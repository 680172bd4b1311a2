"""Leaves out what needs a tool that is not here; `make test-long` insists on it."""

from tests.promtool import find_promtool

collect_ignore = [] if find_promtool() else ["test_rules_fire.py"]
