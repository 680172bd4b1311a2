"""Runs the command line. A verb is one module of this folder, which is imported only when its verb is called.

The first line of that module's docstring is the verb's line in `earshot --help`. It is read as text, because to
import all verbs would take seconds. A command exits with 0 when it is done, with 1 when the answer is no, with 2
after wrong use or bad input, and with 3 when a needed service is missing. 70 means a worker that must be
restarted, or a defect of ours, which comes with its traceback.
"""

import re
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

import typer
from typer.main import get_command

from pipeline.cli.text.endings import print_error_and_exit_code
from pipeline.errors import EXIT_OK, EXIT_USAGE, EarshotError
from pipeline.input_mistakes import nearest
from pipeline.logs import setup_logs

_HEADLINE = re.compile(r'"""`earshot [a-z-]+`: (.+?)(?:""")?\n')


def verbs() -> dict[str, Path]:
    """Returns each verb with the file that implements it, in the order of the alphabet."""
    files = sorted(Path(__file__).parent.glob("[a-z]*.py"))
    return {file.stem.replace("_", "-"): file for file in files}


def about(file: Path) -> str:
    """Returns the line of help of a verb, from the docstring of its file."""
    with file.open(encoding="utf-8") as lines:
        headline = _HEADLINE.match(next(lines))
    assert headline is not None, f"{file} does not begin with the name of its verb"
    return headline[1][0].upper() + headline[1][1:]


def main(argv: list[str] | None = None) -> None:
    """Runs one command and exits with its code."""
    args = sys.argv[1:] if argv is None else argv
    # Posts hold every script and JSON is UTF-8, while the locale of a service may be ASCII.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    if not args or args[0] in ("--help", "-h", "help"):
        sys.stdout.write(_overview())
        sys.exit(EXIT_OK if args else EXIT_USAGE)
    verb, rest = args[0], args[1:]
    if verb not in verbs():
        near = nearest(verb, verbs())
        hint = f" Did you mean {near}?" if near else ""
        sys.stderr.write(f"earshot: there is no verb {verb}.{hint} `earshot --help` lists them.\n")
        sys.exit(EXIT_USAGE)
    for unreadable in filter(_is_unreadable, rest):
        shown = unreadable.encode(errors="backslashreplace").decode()
        sys.stderr.write(
            f"earshot: {shown}: no file is called so, and a text must be UTF-8. Where it is, the locale must "
            "say so: set LC_ALL=C.UTF-8\n"
        )
        sys.exit(EXIT_USAGE)
    # This comes before a verb speaks. structlog's own default is stdout, which is for data. `run` sets what the
    # settings say.
    setup_logs("info", "auto")
    app: typer.Typer = import_module(f"pipeline.cli.{verbs()[verb].stem}").app
    # Rich would break each paragraph of help where its line ends in the source.
    app.rich_markup_mode = None
    try:
        get_command(app).main(args=rest, prog_name=f"earshot {verb}")
    except EarshotError as error:
        sys.stderr.write(f"earshot: {error}\n" + ("" if error.remedy is None else f"  -> {error.remedy}\n"))
        sys.exit(error.exit_code)
    except Exception as error:  # nothing may end with exit 1, which means that the answer is no
        sys.exit(print_error_and_exit_code(error))


def _is_unreadable(argument: str) -> bool:
    """Whether an argument is neither text in the locale's encoding nor the name of a file, which is any bytes."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return not Path(argument).exists()
    return False


def _overview() -> str:
    width = max(len(verb) for verb in verbs())
    lines = [f"  {verb:<{width}}  {about(file)}" for verb, file in verbs().items()]
    return (
        "Usage: earshot VERB [OPTIONS]\n\nSocial customer care as a stream.\n\nVerbs:\n" + "\n".join(lines) + "\n"
    )
