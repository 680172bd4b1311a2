from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.train.config import read_config
from tests.unit.train.runs import RUN, write_run

SHIPPED = Path(__file__).parents[3] / "deploy/training/earshot-minilm-l6.toml"


def test_data_paths_start_from_the_named_folder_or_the_files_own(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    assert read_config(path).data[0].path == tmp_path / "sentiment.jsonl"
    assert read_config(path, Path("/data")).data[2].labels_path == Path("/data/offence_labels.txt")


def test_models_paths_start_from_the_files_own_folder(tmp_path: Path) -> None:
    path = write_run(tmp_path)
    path.write_text(
        path.read_text()
        .replace("seed = 3", 'seed = 3\nbase = "small"')
        .replace("folds = 2", 'folds = 2\nteacher = "/models/large"')
    )
    config = read_config(path, Path("/data"))
    assert config.base == tmp_path / "small"
    assert config.distillation is not None
    assert config.distillation.teacher == Path("/models/large")


def test_the_faster_models_run_starts_from_the_shipped_one() -> None:
    config = read_config(SHIPPED.with_name("earshot-minilm-l3.toml"))
    shipped = read_config(SHIPPED)
    assert config.base is not None
    assert config.distillation is not None
    assert config.base.resolve() == config.distillation.teacher.resolve()  # type: ignore[union-attr]
    assert (config.base / "config.json").is_file()
    splits = [[(source.path, source.held_back) for source in one.data] for one in (config, shipped)]
    assert splits[0] == splits[1], "the teacher must not have seen what the pupil is judged on"


def test_heads_are_those_with_labels_in_the_order_of_the_outputs(tmp_path: Path) -> None:
    assert read_config(write_run(tmp_path)).heads == ("sentiment", "offence", "complaint")


def test_the_shipped_models_file_is_valid() -> None:
    assert read_config(SHIPPED, Path("/data")).name == "earshot-minilm-l6"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("epochs = 1\nbatch", "epochs = 0\nbatch"), r"run\.toml: recipe\.epochs"),
        (("seed = 3", "sead = 3"), r"run\.toml: sead"),
        (("seed = 3", "seed ="), r"run\.toml: .*line 3"),
        (('"1" = "complaint"', '"1" = "praise"'), r"run\.toml: data\.1.*praise.*no labels of head complaint"),
        (('labels_path = "offence_labels.txt"\n', ""), r"run\.toml: data\.2.*labels_path"),
        (('head = "sentiment"\n', ""), "no file has labels of the head sentiment"),
    ],
)
def test_a_mistake_is_named_by_file_and_field(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in RUN
    path = tmp_path / "run.toml"
    path.write_text(RUN.replace(*change, 1))
    with pytest.raises(Misconfigured, match=said):
        read_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none\.toml: cannot read"):
        read_config(tmp_path / "none.toml")
