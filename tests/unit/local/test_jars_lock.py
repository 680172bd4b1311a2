"""The lock file of Kafka's jars, and that nothing unverified is used."""

import hashlib
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured, ServiceMissing
from pipeline.local import jars
from pipeline.local.jars import Jar, ensure_jars, is_intact, locked_jars, parse_lock

DIGEST = "0123456789abcdef" * 4


def test_shipped_lock_names_kafka_and_every_digest_once() -> None:
    locked = locked_jars()
    assert {jar.version for jar in locked if jar.name == "kafka_2.13"} == {"4.3.1"}
    assert len({jar.sha256 for jar in locked}) == len(locked)


def test_shipped_lock_names_no_host() -> None:
    text = (Path(jars.__file__).parent / "jars.lock").read_text()
    assert "//" not in text
    assert "maven" not in text


def test_line_is_read_into_its_parts() -> None:
    (jar,) = parse_lock(f"# why\n\n org.scala-lang:scala-library:2.13.18 sha256:{DIGEST}\n")
    assert jar == Jar("org.scala-lang", "scala-library", "2.13.18", DIGEST)
    assert jar.path(Path("c")) == Path("c/org/scala-lang/scala-library/2.13.18/scala-library-2.13.18.jar")


@pytest.mark.parametrize(
    "line",
    [
        "g:a:1",
        "g:a:1 sha256:abc",
        f"g:a sha256:{DIGEST}",
        f"g:a:1 md5:{DIGEST}",
        f"../g:a:1/../.. sha256:{DIGEST}",
        f"g:a:1 sha256:{DIGEST.upper()}",
        f"g:a:1 sha256:{DIGEST} more",
    ],
)
def test_bad_line_is_named_with_its_number(line: str) -> None:
    with pytest.raises(Misconfigured, match=r"my\.lock:2: expected"):
        parse_lock(f"# first\n{line}\n", "my.lock")


def test_artifact_listed_twice_is_refused() -> None:
    with pytest.raises(Misconfigured, match=r":2: g:a is listed twice"):
        parse_lock(f"g:a:1 sha256:{DIGEST}\ng:a:2 sha256:{DIGEST}\n")


def test_empty_lock_is_refused() -> None:
    with pytest.raises(Misconfigured, match="no artifact"):
        parse_lock("# nothing\n")


@pytest.fixture
def only_jar(monkeypatch: pytest.MonkeyPatch) -> Jar:
    jar = Jar("g", "a", "1", hashlib.sha256(b"good").hexdigest())
    monkeypatch.setattr(jars, "locked_jars", lambda: [jar])
    return jar


def test_damaged_file_is_replaced_before_use(
    only_jar: Jar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = only_jar.path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"bad")
    assert not is_intact(only_jar, tmp_path)
    monkeypatch.setattr(jars, "_download", lambda jar, folder: jar.path(folder).write_bytes(b"good"))
    seen: list[tuple[int, int]] = []
    assert ensure_jars(lambda *counts: seen.append(counts), tmp_path) == [path]
    assert seen == [(0, 1), (1, 1)]
    assert path.read_bytes() == b"good"


def test_download_with_another_digest_is_deleted_and_refused(
    only_jar: Jar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = only_jar.path(tmp_path)
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(jars, "_download", lambda jar, folder: jar.path(folder).write_bytes(b"evil"))
    with pytest.raises(ServiceMissing, match=r"g:a:1: .*another SHA-256"):
        ensure_jars(lambda *_: None, tmp_path)
    assert not path.exists()


def test_unreachable_registry_is_said_in_words(
    only_jar: Jar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(jar: Jar, folder: Path) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(jars, "_download", refuse)
    with pytest.raises(ServiceMissing, match=r"no route.*Check the network"):
        ensure_jars(lambda *_: None, tmp_path)
