"""Writes a BERT of two thin layers with a handful of words, which trains in seconds."""

from pathlib import Path

from tests.unit.train.runs import MOODS

WORDS = ("please", "fix", "see", "you", "at", "fool", "dear", "hello", "there")


def write_base(folder: Path) -> Path:
    """Writes a Hugging Face folder with random weights and returns it."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir()
    words = dict.fromkeys([*WORDS, *" ".join(MOODS.values()).split(), *"0123456789"])
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *(f"##{digit}" for digit in range(10))]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(str(folder))
    torch.manual_seed(1)
    shape = BertConfig(
        vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(shape).save_pretrained(str(folder))
    return folder
