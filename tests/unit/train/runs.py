"""Writes the file and the posts of a small run for the tests of training."""

import csv
import json
from pathlib import Path

RUN = """
name = "small"
seed = 3
[recipe]
epochs = 1
batch_size = 8
[distillation]
folds = 2
epochs = 1
[quantisation]
calibration_posts = 10
[[data]]
head = "sentiment"
path = "sentiment.jsonl"
held_back = 0.3
about = "written"
[[data]]
head = "complaint"
path = "complaints.csv"
label = "is_complaint"
values = { "0" = "not_complaint", "1" = "complaint" }
held_back = 0.3
about = "written"
[[data]]
head = "offence"
path = "offence.txt"
labels_path = "offence_labels.txt"
values = { "0" = "not_offensive", "1" = "offensive" }
held_back = 0.3
about = "written"
[[data]]
path = "threads.csv"
about = "unlabelled"
"""
MOODS = {"negative": "the train was awful", "neutral": "the train leaves at", "positive": "we love the train"}


def write_run(folder: Path, posts: int = 60) -> Path:
    """Writes the file of the run and its posts, and returns the file."""
    labels = list(MOODS)
    rows = [{"text": f"{MOODS[labels[at % 3]]} {at}", "label": labels[at % 3]} for at in range(posts)]
    (folder / "sentiment.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with (folder / "complaints.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "is_complaint"])
        writer.writerows([(f"{'please fix' if at % 2 else 'see you at'} {at}", at % 2) for at in range(posts)])
    (folder / "offence.txt").write_text(
        "".join(f"{'you fool' if at % 2 else 'dear'} {at}\n" for at in range(posts))
    )
    (folder / "offence_labels.txt").write_text("".join(f"{at % 2}\n" for at in range(posts)))
    (folder / "threads.csv").write_text("text\n" + "".join(f"hello there {at}\n" for at in range(10)))
    path = folder / "run.toml"
    path.write_text(RUN)
    return path
