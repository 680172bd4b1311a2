"""The id of a new embedded cluster."""

import base64
import uuid

import pytest

from pipeline.local.kafka import new_cluster_id


def test_an_id_is_sixteen_bytes_in_url_safe_base64_without_padding() -> None:
    cluster_id = new_cluster_id()
    assert len(base64.urlsafe_b64decode(cluster_id + "==")) == 16
    assert "=" not in cluster_id


def test_an_id_that_would_look_like_an_option_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([uuid.UUID(bytes=b"\xf8" + bytes(15)), uuid.UUID(bytes=bytes(16))])
    monkeypatch.setattr(uuid, "uuid4", lambda: next(draws))
    assert base64.urlsafe_b64encode(b"\xf8" + bytes(15)).startswith(b"-")
    assert new_cluster_id() == "A" * 22
