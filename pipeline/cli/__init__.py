"""The command line: one module a verb, loaded only when its verb is called.

Exit codes: 0 done, 1 the answer is no, 2 wrong use or bad input, 3 a needed service is missing, 70 a worker that
must be restarted, or a defect of ours, which comes with its traceback.
"""

import sys
from importlib import import_module

import typer
from typer.main import get_command

from pipeline.cli.endings import tell_and_choose
from pipeline.errors import EXIT_OK, EXIT_USAGE, EarshotError
from pipeline.logs import setup_logs
from pipeline.mistakes import nearest

VERBS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "The whole loop on the embedded stack, in a minute."),
    "run": ("run", "Run a stage, or all of them supervised."),
    "local": ("local", "The embedded stack: Kafka and ClickHouse on this machine."),
    "topics": ("topics", "The contract's topics on the cluster."),
    "migrate": ("migrate", "Bring the ClickHouse tables up to date."),
    "doctor": ("doctor", "What is missing, in words, and what to type."),
    "audit": ("audit", "Follow every id through every hop: not yet, lost, changed, doubled."),
    "ingest": ("ingest", "Send an export to posts.raw."),
    "generate": ("generate", "Write believable traffic of one brand."),
    "desk": ("desk", "Play the reps of a contact centre."),
    "policy": ("policy", "Check and publish a workspace's policy."),
    "score": ("score", "Score posts offline: every signal and the triage, no services."),
    "reveal": ("reveal", "Read the plain text of a post; each reading is recorded."),
    "dlq": ("dlq", "The dead letters: list, show without what they say, send back."),
    "query": ("query", "Ask ClickHouse, read-only and exact."),
    "report": ("report", "Draw what the analysts' views say."),
    "eval": ("eval", "Judge the model on labelled posts."),
    "bench": ("bench", "Rates, as ratios side by side in one run."),
    "train": ("train", "Fine-tune and export the model (extra torch)."),
    "schemas": ("schemas", "Export the contract's files, or check them for drift."),
}
"""Verb: (module of this package, one line of help)."""


def main(argv: list[str] | None = None) -> None:
    """Runs one command and exits with its code. A verb's module is imported only when it is called."""
    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in ("--help", "-h", "help"):
        sys.stdout.write(_overview())
        sys.exit(EXIT_OK if args else EXIT_USAGE)
    verb, rest = args[0], args[1:]
    if verb not in VERBS:
        near = nearest(verb, VERBS)
        hint = f" Did you mean {near}?" if near else ""
        sys.stderr.write(f"earshot: there is no verb {verb}.{hint} `earshot --help` lists them.\n")
        sys.exit(EXIT_USAGE)
    # Before a verb speaks: structlog's own default is stdout, which is for data. `run` sets what the settings say.
    setup_logs("info", "auto")
    app: typer.Typer = import_module(f"pipeline.cli.{VERBS[verb][0]}").app
    try:
        get_command(app).main(args=rest, prog_name=f"earshot {verb}")
    except EarshotError as error:
        sys.stderr.write(f"earshot: {error}\n" + ("" if error.remedy is None else f"  -> {error.remedy}\n"))
        sys.exit(error.exit_code)
    except Exception as error:  # nothing may end with exit 1, which means that the answer is no
        sys.exit(tell_and_choose(error))


def _overview() -> str:
    width = max(len(verb) for verb in VERBS)
    lines = [f"  {verb:<{width}}  {about}" for verb, (_, about) in VERBS.items()]
    return (
        "Usage: earshot VERB [OPTIONS]\n\nSocial customer care as a stream.\n\nVerbs:\n" + "\n".join(lines) + "\n"
    )
