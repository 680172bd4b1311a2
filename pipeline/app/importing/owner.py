"""Finds the owner of an archive of X in the file that lies beside its posts."""

import re
from pathlib import Path

import orjson

from pipeline.app.importing.place import Place
from pipeline.ingest.sources.source_map import SourceMap

AUTHOR = "author.author_id"
NO_OWNER = "archive-owner"
"""The maps of archives have this for the author, until somebody says who it is."""
_BESIDE = "account.js"
_BEGIN = re.compile(r"^[^\[{]*=\s*")
_LONGEST_BYTES = 2**20
_FIELDS = {AUTHOR: "accountId", "author.handle": "username", "author.name": "accountDisplayName"}


def owned(source_map: SourceMap, place: Place) -> SourceMap | None:
    """Returns the map of an archive with its owner, or None if no account.js beside the file names one."""
    if place.source is None:
        return None
    try:
        with Path(place.source.path).with_name(_BESIDE).open("rb") as file:
            text = file.read(_LONGEST_BYTES).decode()
        account = orjson.loads(_BEGIN.sub("", text, count=1))[0]["account"]
        found = {field: str(account[name]) for field, name in _FIELDS.items() if account.get(name)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    if AUTHOR not in found:
        return None
    return source_map.model_copy(update={"constants": {**source_map.constants, **found}})
