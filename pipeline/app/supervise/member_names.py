"""The names under which supervised workers join their consumer groups, the same after every restart.

With a name of its own a worker that comes back within the session timeout gets its partitions back, and no other
worker is disturbed. Of two members of one name, one ends the other: hence machine and state folder are part of it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pipeline.settings import HOST

INSTANCE_ID = "EARSHOT_KAFKA__INSTANCE_ID"


def name_prefix(state_dir: Path, environment: Mapping[str, str]) -> str:
    """What the names of one supervisor's workers begin with; the operator's own word where there is one."""
    folder = hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:8]
    return environment.get(INSTANCE_ID) or f"{HOST}-{folder}"
