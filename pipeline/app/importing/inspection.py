"""Shows what an import of a file would do. Nothing is sent."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from pipeline.app.importing.opening import mapped, mapper_of, ours
from pipeline.app.importing.place import open_place
from pipeline.app.importing.recognition import SAMPLE_RECORDS, Look, described, look_at
from pipeline.app.importing.request import FileOptions, IngestRequest
from pipeline.codec import decode
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.lines import Candidate
from schemas.posts.raw import RawPost

SHOWN = 3


@dataclass(frozen=True)
class Inspection:
    """Says what a file is and what would be sent of it."""

    decided: list[str]
    """Says in sentences what was decided."""
    source_map: dict[str, Any]
    """Holds the proposed map as YAML has it. It is empty if the entries are RawPosts, or if no map fits."""
    posts: list[dict[str, Any]]
    """Lists the first posts as they would be sent."""
    refused: list[str]
    """Lists the first rows that would be refused, with the reason."""
    left_out: list[str]
    """Says which optional cells of the first posts would be left out, or read otherwise."""
    questions: list[str]
    """Lists what only a person can say."""

    @property
    def can_be_sent(self) -> bool:
        """Whether any of the first rows would be sent as the file and the options are."""
        return bool(self.posts)


def inspect_file(request: IngestRequest) -> Inspection:
    """Looks at the beginning of a file.

    Raises:
        Misconfigured: it cannot be told what the file is.
    """
    with ExitStack() as stack:
        place = open_place(request.file, stack)
        options = request.file_options or FileOptions()
        look = look_at(place, request.columns, options)
        questions = [question.text for question in look.questions]
        tried: list[Candidate] = []
        left_aside: Mapping[str, int] = {}
        try:
            candidates, left_aside = _candidates(look, request, options, place.name)
            tried = list(islice(candidates, SAMPLE_RECORDS))
        except Misconfigured as error:
            questions.append(str(error))
    posts: list[dict[str, Any]] = []
    refused: list[str] = []
    for one in tried:
        found = _as_sent(one)
        if isinstance(found, Permanent):
            refused.append(f"{place.name}:{one.line}: {found}")
        else:
            posts.append(found)
    source_map = {} if look.source_map is None else look.source_map.model_dump(mode="json", exclude_defaults=True)
    left = Counter(out for one in tried for out in one.left_out)
    left_out = [f"{out.field} from {out.column or out.field}: {out.code} ({count})" for out, count in left.items()]
    left_out += [f"no posts by the map: {why} ({count})" for why, count in left_aside.items()]
    return Inspection(list(described(look)), source_map, posts[:SHOWN], refused[:SHOWN], left_out, questions)


def _as_sent(one: Candidate) -> dict[str, Any] | Permanent:
    """Returns a post as it would be sent, or why the contract does not take it."""
    if isinstance(one.found, Permanent):
        return one.found
    try:
        decode(RawPost, one.found)
    except Permanent as error:
        return error
    document: dict[str, Any] = orjson.loads(one.found)
    return document


def _candidates(
    look: Look, request: IngestRequest, options: FileOptions, file: str
) -> tuple[Iterator[Candidate], Mapping[str, int]]:
    """Returns the posts, and what counts the entries that are none while they are read."""
    if look.is_ours:
        return ours(look.found, request.workspace or "workspace"), {}
    if look.source_map is None:
        return iter(()), {}
    whole = look.source_map.with_defaults(request.workspace or "workspace", options.platform or "network")
    mapper = mapper_of(whole, look.decision, file)
    return mapped(look.found, mapper), mapper.left_aside
