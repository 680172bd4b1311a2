"""What the model is told about a batch, against sums by hand."""

import numpy as np
import pytest
import torch

from pipeline.train.data.posts import UNLABELLED
from pipeline.train.fit.averaging import RunningAverage
from pipeline.train.fit.losses import HeadsLoss

pytestmark = pytest.mark.torch
EVERY = ("sentiment", "offence", "complaint")
NOBODY = torch.full((1, 5), float("nan"))
OUTPUTS = torch.tensor([[2.0, 0.0, -1.0, 0.5, -0.5]])


def loss(teacher_share: float = 0.0, **unlabelled: float) -> HeadsLoss:
    return HeadsLoss(EVERY, smoothing=0.0, teacher_share=teacher_share, weights={}, unlabelled_weights=unlabelled)


def test_a_head_without_label_and_teacher_costs_nothing() -> None:
    labels = torch.tensor([[0, UNLABELLED, UNLABELLED]])
    expected = torch.nn.functional.cross_entropy(OUTPUTS[:, :3], torch.tensor([0]))
    assert float(loss()(OUTPUTS, labels, NOBODY)) == pytest.approx(float(expected), rel=1e-5)


def test_a_yes_or_no_head_pays_binary_cross_entropy() -> None:
    labels = torch.tensor([[UNLABELLED, 1, UNLABELLED]])
    assert float(loss()(OUTPUTS, labels, NOBODY)) == pytest.approx(float(np.log1p(np.exp(-0.5))), rel=1e-5)


def test_a_teacher_that_agrees_with_the_model_pulls_nowhere() -> None:
    labels = torch.full((1, 3), UNLABELLED)
    teacher = torch.cat([OUTPUTS[:, :3].softmax(1), OUTPUTS[:, 3:].sigmoid()], dim=1)
    outputs = OUTPUTS.clone().requires_grad_()
    loss()(outputs, labels, teacher).backward()
    assert outputs.grad is not None
    assert float(outputs.grad.abs().max()) < 1e-6


def test_label_and_teacher_share_the_target_and_unlabelled_heads_can_weigh_less() -> None:
    teacher = torch.tensor([[0.2, 0.3, 0.5, 0.9, 0.1]])
    labels = torch.tensor([[1, UNLABELLED, UNLABELLED]])
    found = loss(teacher_share=0.5, offence=0.25, complaint=0.0)(OUTPUTS, labels, teacher)
    mixed = torch.tensor([0.1, 0.65, 0.25])
    sentiment = -(mixed * OUTPUTS[0, :3].log_softmax(0)).sum()
    yes = OUTPUTS[0, 3].sigmoid()
    offence = -(0.9 * yes.log() + 0.1 * (1 - yes).log())
    assert float(found) == pytest.approx(float(sentiment + 0.25 * offence), rel=1e-5)


def test_two_answers_diverge_by_kullback_and_leibler_in_every_head() -> None:
    other = torch.tensor([[0.0, 1.0, -1.0, -0.5, -0.5]])
    one, two = OUTPUTS[:, :3].log_softmax(1), other[:, :3].log_softmax(1)
    kl = torch.nn.functional.kl_div
    mood = (kl(two, one.exp(), reduction="sum") + kl(one, two.exp(), reduction="sum")) / 2
    p, q = float(torch.sigmoid(OUTPUTS[0, 3])), float(torch.sigmoid(other[0, 3]))
    offence = ((p - q) * np.log(p / q) + (q - p) * np.log((1 - p) / (1 - q))) / 2
    assert float(loss().divergence(OUTPUTS, other)) == pytest.approx(float(mood) + offence, rel=1e-5)
    assert float(loss().divergence(OUTPUTS, OUTPUTS)) == pytest.approx(0.0, abs=1e-6)


def test_the_running_average_follows_and_gives_the_live_weights_back() -> None:
    layer = torch.nn.Linear(2, 1)
    average = RunningAverage(layer, 0.9)
    with torch.no_grad():
        layer.weight.fill_(1.0)
    average.update()
    before = layer.weight.detach().clone()
    with average.applied():
        assert not torch.equal(layer.weight, before)
    assert torch.equal(layer.weight, before)
    copy = RunningAverage(torch.nn.Linear(2, 1), 0.9)
    copy.load(average.state())
    assert copy.state()["updates"] == 1
