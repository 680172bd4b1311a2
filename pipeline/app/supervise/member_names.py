"""Names supervised workers, so that each joins its consumer group under the same name after every restart.

A worker with a name of its own gets its partitions back when it returns within the session timeout, and no other
worker is disturbed. Of two members with one name, one ends the other. Machine and state folder are therefore part
of the name.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pipeline.settings import HOST

INSTANCE_ID = "EARSHOT_KAFKA__INSTANCE_ID"


def name_prefix(state_dir: Path, environment: Mapping[str, str]) -> str:
    """Returns what the names of one supervisor's workers begin with. A name that the operator set comes first."""
    folder = hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:8]
    return environment.get(INSTANCE_ID) or f"{HOST}-{folder}"
