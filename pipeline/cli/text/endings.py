"""Ends a command after an error that is none of ours, with one sentence or the traceback of a defect.

The exit code is never 1, which means that the answer is no. The errors of `pipeline.errors` say themselves what to
do.
"""

import errno
import os
import sys
import traceback
from pathlib import Path

from pipeline.errors import EXIT_RESTART, EXIT_SERVICE_MISSING, EXIT_USAGE, EarshotError

_MACHINE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR, errno.EIO}
)
"""Errors of files that the operator can mend, such as rights, space, or a file where a folder should be."""


def print_error_and_exit_code(error: Exception) -> int:
    """Prints what stopped the command to stderr, and returns the exit code."""
    # An error without a file, such as a broken socket, is a defect.
    if isinstance(error, OSError) and error.filename is not None:
        place = Path(os.fsdecode(error.filename))
        state = _of_state_folder(place)
        if state or error.errno in _MACHINE:
            remedy = "; the state folder must be writable: set EARSHOT_STATE_DIR" if state else ""
            sys.stderr.write(f"earshot: {place}: {error.strerror}{remedy}\n")
            return EXIT_USAGE
    # The client is not imported here. If it is not loaded, the error cannot be its own.
    kafka = sys.modules.get("confluent_kafka")
    if kafka is not None and isinstance(error, kafka.KafkaException):
        cause = error.args[0]
        if cause.code() == kafka.KafkaError._INVALID_ARG:
            sys.stderr.write(f"earshot: EARSHOT_KAFKA__*: the settings do not suit each other: {cause.str()}\n")
            return EXIT_USAGE
        sys.stderr.write(f"earshot: Kafka does not do what was asked: {cause.str()}\n")
        return EXIT_SERVICE_MISSING
    traceback.print_exception(error)
    sys.stderr.write("earshot: this is a defect of Earshot: please report it with the lines above\n")
    return EXIT_RESTART


def _of_state_folder(place: Path) -> bool:
    """Whether a place is the state folder, in it, or a folder on the way to it that could not be made."""
    from pipeline.settings import load_settings

    try:
        folder = load_settings().state_dir.absolute()
    except EarshotError:
        return False
    place = place.absolute()
    return place.is_relative_to(folder) or (place in folder.parents and place != Path(place.anchor))
