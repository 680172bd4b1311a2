"""The import rules hold, break when they should, and cover every part of the package."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLANTED = {
    "schemas/base.py": "import pipeline.clock",
    "pipeline/enrich/planted.py": "import confluent_kafka, faust, torch, structlog, prometheus_client",
    "pipeline/route/planted.py": "from pipeline.settings import Settings",
    "pipeline/sink/planted.py": "from pipeline.enrich import agent",
    "pipeline/trends/planted.py": "import clickhouse_connect, openvino, pydantic_settings",
    "pipeline/adapters/planted.py": "import pipeline.route",
    "pipeline/loop/planted.py": "import aiokafka, chdb, fasttext, jgo, psutil, ruamel, typer",
    "pipeline/clock.py": "import pipeline.app",
}
"""Each of these lines is forbidden, and each contract has at least one."""
PURE = {
    "ahocorasick_rs", "annotated_types", "charset_normalizer", "holidays", "ijson", "msgspec", "numpy", "openpyxl",
    "orjson", "packaging", "phonenumbers", "pydantic", "pydantic_core", "rensa", "rich", "sortedcontainers",
    "stdnum", "xxhash", "zstandard",
}  # fmt: skip
"""Libraries that compute and reach no machine: whoever needs one imports it."""


def lint(folder: Path) -> tuple[int, str]:
    program = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def contracts() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [contract["name"] for contract in config["tool"]["importlinter"]["contracts"]]


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Returns the top-level packages that a module imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


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
        assert imported(path) <= allowed, path


def test_every_part_of_the_package_has_its_layer() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(contract for contract in config["contracts"] if contract["type"] == "layers")
    assert layers["exhaustive"]
    placed = {part.strip() for layer in layers["layers"] for part in layer.replace("|", ":").split(":")}
    folders = {path.parent.name for path in (ROOT / "pipeline").glob("*/__init__.py")}
    files = {path.stem for path in (ROOT / "pipeline").glob("*.py")} - {"__init__"}
    assert placed == folders | files


def test_every_library_is_a_machine_with_a_folder_or_only_computes() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    machines = {name for rule in config["contracts"] for name in rule.get("protected_modules", ())}
    ours = {*sys.stdlib_module_names, "pipeline", "schemas"}
    for path in modules("pipeline"):
        assert imported(path) - ours <= machines | PURE, path
