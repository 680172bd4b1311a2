"""Writes classifiers of a few kilobytes in Hugging Face's layout with random weights, to test what is
around them.
"""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "and", "late"]


def write_small_model(
    folder: Path, id2label: dict[int, str], *, pad: bool = True, classifier: bool = True, spread: float = 1.0
) -> Path:
    """Writes a folder that transformers can open. Without `classifier` it is an encoder alone."""
    torch.manual_seed(1)
    labels = {name: at for at, name in id2label.items()}
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=34, id2label=id2label, label2id=labels, initializer_range=spread,
    )  # fmt: skip
    net: Any = BertForSequenceClassification(config) if classifier else BertModel(config)
    net.save_pretrained(str(folder))
    _tokenizer(pad).save_pretrained(str(folder))
    return folder


def _tokenizer(pad: bool) -> Any:
    inner = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    padding = {"pad_token": "[PAD]"} if pad else {}
    return PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="[UNK]", **padding)
