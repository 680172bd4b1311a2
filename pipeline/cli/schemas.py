"""`earshot schemas`: export the contract's files, or check them for drift.

It derives `schemas/published/` (JSON Schema, AsyncAPI) from `schemas.topics`, deploy/env.example from
`pipeline.settings`, deploy/clickhouse/DICTIONARY.md from the tables of the sink and deploy/cases.md from the rules
of the router, and writes into a checkout.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from pipeline.errors import EXIT_NO, Misconfigured

app = typer.Typer(add_completion=False)


def rendered() -> dict[str, str]:
    """Returns the text of every derived file by its path within the checkout."""
    from pipeline.adapters.yaml.documents import dump_document
    from pipeline.cli.text import env_example
    from pipeline.cli.text.case_life import case_life
    from pipeline.sink.dictionary import dictionary
    from pipeline.sink.tables import ALL_TABLES
    from schemas.tools.asyncapi import asyncapi
    from schemas.tools.export import json_schema, modelled_topics, schema_file_name

    files = {
        f"schemas/published/json/{schema_file_name(topic)}": json.dumps(
            json_schema(topic), indent=2, ensure_ascii=False
        )
        + "\n"
        for topic in modelled_topics()
    }
    written_by = "# Written by `earshot schemas` from schemas/topics.py.\n"
    files["schemas/published/asyncapi.yaml"] = written_by + dump_document(asyncapi())
    files["deploy/env.example"] = env_example.render()
    files["deploy/cases.md"] = case_life()
    files["deploy/clickhouse/DICTIONARY.md"] = dictionary(ALL_TABLES)
    return files


def drift(root: Path) -> list[str]:
    """Returns what differs from the contract under `root`, as sorted paths with the reason. It is empty when all
    agrees."""
    expected = rendered()
    differences = [
        f"{path}: {'differs' if (root / path).is_file() else 'is missing'}"
        for path, text in expected.items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]
    return sorted(differences + [f"{path}: belongs to no topic" for path in _orphans(root, expected)])


def write(root: Path) -> list[str]:
    """Writes what differs and removes schemas of topics that are gone. It returns the changed paths."""
    expected = rendered()
    orphans = _orphans(root, expected)
    changed = sorted(line.split(":")[0] for line in drift(root))
    for path in orphans:
        (root / path).unlink()
    for path, text in expected.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return changed


def incompatible(root: Path) -> list[str]:
    """Returns what the contract refuses although `schemas/released` under `root` accepted it. It is empty before a
    release."""
    from schemas.tools.compatibility import breaks
    from schemas.tools.export import json_schema, modelled_topics, schema_file_name

    current = {schema_file_name(topic): json_schema(topic) for topic in modelled_topics()}
    refusals = []
    for path in sorted((root / "schemas/released").glob("*.json")):
        # Consumers of a release still read its records, so its schema must not vanish.
        if path.name not in current:
            refusals.append(f"schemas/released/{path.name}: its topic is gone")
            continue
        reasons = breaks(json.loads(path.read_text(encoding="utf-8")), current[path.name])
        refusals += [f"schemas/released/{path.name}: {reason}" for reason in reasons]
    return refusals


def _orphans(root: Path, expected: dict[str, str]) -> list[str]:
    present = (path.relative_to(root).as_posix() for path in (root / "schemas/published/json").glob("*"))
    return [path for path in present if path not in expected]


def checkout() -> Path:
    """Returns the root of the checkout that this package runs from.

    Raises:
        Misconfigured: it runs from an installed package.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        raise Misconfigured("`earshot schemas` writes into a checkout; this is an installed package")
    return root


@app.command()
def export(check: Annotated[bool, typer.Option("--check", help="write nothing; exit 1 on drift")] = False) -> None:
    """Write `schemas/published`, env.example and the data dictionary, or check them and the released schemas."""
    from pipeline.cli.text.output import say

    root = checkout()
    broken = incompatible(root)
    lines = drift(root) if check else write(root)
    for line in broken + lines:
        say(line)
    if check and lines:
        say("write them with `earshot schemas`")
    if broken:
        say("released messages must stay acceptable within a major version: add, do not change")
    if broken or (check and lines):
        raise typer.Exit(EXIT_NO)
    if not lines:
        say("all files agree with the contract")
