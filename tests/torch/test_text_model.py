"""The promises of every `TextModel`, kept by the engine that needs the extra `torch`."""

import pytest

from pipeline.adapters.models.openvino.text_model import SHIPPED_MODEL
from pipeline.adapters.models.torch.text_model import TorchEngine
from pipeline.ports.models import TextModel
from tests.ports.test_text_model import Promises

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module", params=[SHIPPED_MODEL, SHIPPED_MODEL / "float"], ids=["model folder", "bare"])
def model(request: pytest.FixtureRequest) -> TextModel:
    return TorchEngine(request.param)


class TestTorch(Promises):
    """Runs the suite on our float parent, with its calibration and without."""
