"""The shipped model and the shipped head tell what is pressing in plain sentences."""

from pipeline.adapters.models.openvino.text_model import OpenVinoEngine
from pipeline.enrich.reading.pressing.head import PressingModel
from pipeline.enrich.text.normalise import normalise

PRESSING = [
    "@acme my flight leaves in 40 minutes and your desk is closed, what should I do?",
    "@acme someone hacked my account and is spending my money right now, please help",
    "@acme no internet since this morning and I work from home, any update?",
    "@acme the driver left me stranded at the station and has my phone",
    "@acme says delivered but nothing has arrived and it is my daughter's birthday today",
]
CALM = [
    "@acme I love my new boots, best purchase ever",
    "@acme please add a dark mode to the app, that would be great",
    "@acme are you hiring in Leeds? I would like to apply for a job",
    "@acme your new logo looks odd",
    "@acme DM sent, thank you",
]
APART = 0.1
"""Engines differ by less than a tenth of it."""


def answers(engine: OpenVinoEngine, texts: list[str]) -> list[float]:
    """What the head says of each text. None of the sentences was in its training."""
    read = [normalise(text) for text in texts]
    found = PressingModel().classify(read, engine.score(read), engine.name)
    assert None not in found, "the head was made for another model"
    return [value for value in found if value is not None]


def test_what_is_pressing_stands_before_what_is_not() -> None:
    engine = OpenVinoEngine()
    assert min(answers(engine, PRESSING)) > max(answers(engine, CALM)) + APART
