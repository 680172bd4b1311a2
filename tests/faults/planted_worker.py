"""Runs an enrich worker in which one function holds the interpreter for some seconds when a post says so.

It runs as `python -m tests.faults.planted_worker SECONDS [quick]`. With `quick` it uses a model that needs no
loading.
"""

import ctypes
import sys

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.app.stages import enrich
from pipeline.enrich import facts
from pipeline.enrich.tone.urgency import Urgency, urgency_of
from pipeline.settings import load_settings

PLANTED = "hold the interpreter"


def main(seconds: str, *options: str) -> None:
    """Works until SIGTERM."""

    def holding(text: str) -> Urgency:
        if PLANTED in text:
            ctypes.PyDLL(None).sleep(int(seconds))  # called with the interpreter held, as a regular expression is
        return urgency_of(text)

    vars(facts)["urgency_of"] = holding
    if "quick" in options:
        enrich.load_model = lambda *_args, **_options: KeywordSentiment()
    enrich.run(load_settings())


if __name__ == "__main__":
    main(*sys.argv[1:])
