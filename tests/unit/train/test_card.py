"""The model card says what was measured."""

from pathlib import Path

from pipeline.train.card import Measured, write_card


def test_the_card_holds_the_measured_numbers(tmp_path: Path) -> None:
    path = tmp_path / "MODEL_CARD.md"
    write_card(path, Measured(2000, 0.7711, 0.7682, 0.0211, 0.0222, 0.9876, 1.05, "two epochs"))
    card = path.read_text()
    for number in ("2000", "0.7711", "0.7682", "0.0211", "0.0222", "98.76%", "1.05", "two epochs"):
        assert number in card
