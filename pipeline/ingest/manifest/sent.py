"""Knows which posts earlier runs have sent, so that a file that was mended sends only the rest."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import orjson

from pipeline.ingest.manifest.format import DELIVERED
from schemas.posts.raw import RawPost

DIGEST_BYTES = 16
"""A post that is known costs these bytes. With 120 bits, and a last byte that numpy does not take for padding, two
of 10^9 posts share a digest once in 10^18 times.
"""


class SentPosts:
    """Holds the posts of some manifests.

    Args:
        manifests: of the earlier runs. What a manifest lists has reached Kafka, also without a cursor after it.
    """

    def __init__(self, manifests: Iterable[Path]) -> None:
        found = bytearray()
        for path in manifests:
            with path.open("rb") as lines:
                for line in lines:
                    # A line is torn at the end only. What it says was not noted, and counts as not sent.
                    if line.startswith(DELIVERED) and line.endswith(b"\n"):
                        sent = orjson.loads(line)
                        found += _digest(sent["workspace"], sent["post_id"], sent["revision"])
        self._digests = np.frombuffer(found, f"S{DIGEST_BYTES}")
        self._digests.sort()

    def __call__(self, post: RawPost) -> bool:
        """Says whether this version of the post was sent."""
        if not self._digests.size:
            return False
        wanted = np.bytes_(_digest(post.workspace, post.post_id, post.revision))
        place = int(self._digests.searchsorted(wanted))
        return place < self._digests.size and bool(self._digests[place] == wanted)


def _digest(workspace: str, post_id: str, revision: int) -> bytes:
    name = f"{workspace}\0{post_id}\0{revision}".encode()
    return hashlib.blake2b(name, digest_size=DIGEST_BYTES - 1).digest() + b"."
