"""The import rules hold, break when they should, and cover every part of the package."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEES_EVERYTHING = {"app", "audit", "bench", "cli", "evaluation", "local", "scenario", "train"}
"""Where parts are joined, or which stand beside the flow: nobody below may import them."""
PLANTED = {
    "schemas/base.py": "import pipeline.clock",
    "pipeline/enrich/planted.py": "import confluent_kafka",
    "pipeline/route/planted.py": "from pipeline.settings import Settings",
    "pipeline/sink/planted.py": "from pipeline.enrich import agent",
    "pipeline/adapters/planted.py": "import pipeline.route",
    "pipeline/clock.py": "import pipeline.app",
}
"""At least one forbidden line for each contract."""


def lint(folder: Path) -> tuple[int, str]:
    program = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def contracts() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in config["tool"]["importlinter"]["contracts"]]


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_the_rules_hold() -> None:
    code, said = lint(ROOT)
    assert code == 0, said


def test_each_rule_breaks_on_a_planted_violation(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path in (*modules("schemas"), *modules("pipeline")):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    for place, line in PLANTED.items():
        with (tmp_path / place).open("a") as file:
            file.write(f"\n{line}\n")
    code, said = lint(tmp_path)
    assert code == 1
    assert [name for name in contracts() if f"{name} BROKEN" not in said] == []
    for place in PLANTED:
        assert place.removesuffix(".py").replace("/", ".") in said


def test_schemas_import_only_pydantic_and_the_standard_library() -> None:
    allowed = {*sys.stdlib_module_names, "pydantic", "schemas"}
    for path in modules("schemas"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert {name.split(".")[0] for name in names} <= allowed, path


def test_every_part_of_the_package_is_under_a_rule() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ruled = {
        module.removeprefix("pipeline.")
        for contract in config["tool"]["importlinter"]["contracts"]
        for module in (*contract.get("source_modules", ()), *contract.get("modules", ()))
        if module.startswith("pipeline.")
    }
    folders = {path.parent.name for path in (ROOT / "pipeline").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "pipeline").glob("*.py")} - {"__init__"}
    assert (folders | files) - ruled == SEES_EVERYTHING
