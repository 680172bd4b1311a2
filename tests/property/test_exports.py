"""Random exports by every kind of writer come back equal, or what does not is refused by name."""

import csv
import json
import random
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader, BytesIO, StringIO

import openpyxl
import pytest

from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest.look.decision import Asked
from pipeline.ingest.reading import open_export

NAMES = ("id", "user", "date", "text", "likes")
WORDS = (
    "Störung", "seit", "gestern", "no", "signal", "Größe", "is", "wrong", "again", "déjà", "vu", "über", "Ärger",
    "they", "say", "soon", "café", "niño", "mañana", "weg",
)  # fmt: skip
SIGNS = (
    '"', '""', "'", ",", ";", "\t", "|", "\n", "\r\n", "\\", "\\\\", '\\"', " ", "  ", "=", "{", "[", "]}", ":",
    "<b>",
    '",', ',"', '"\n', '\n"', ";\"", "#", "@ann", "=1+1", "-", "0", "sep=;", "1,5", "2026-11-01", "\u2028", "\x85",
)  # fmt: skip
UNICODE = ("😀", "火事", "Привет", "a\u0301", "\u200b", "\ufeff", "\U0001f468\u200d\U0001f469")
CASES = 10_000
Post = dict[str, str]
Writer = Callable[[Sequence[Post], random.Random], bytes]


def posts(dice: random.Random, *, western: bool) -> list[Post]:
    parts = (*SIGNS, *WORDS) if western else (*SIGNS, *WORDS, *UNICODE)
    found = []
    for number in range(dice.randint(1, 7)):
        words = [
            dice.choice(WORDS) if dice.random() < 0.7 else dice.choice(parts) for _ in range(dice.randint(0, 9))
        ]
        text = (" " if dice.random() < 0.8 else "").join(words)
        likes = dice.choice(("", "0", "17", "3"))
        found.append(
            dict(zip(NAMES, (f"p{number}", dice.choice(("ann", "bob_2")), _time(dice), text, likes), strict=True))
        )
    return found


def _time(dice: random.Random) -> str:
    return f"2026-11-{dice.randint(1, 28):02}T{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:00Z"


def _rows(found: Sequence[Post]) -> Iterator[Sequence[str]]:
    yield NAMES
    yield from (tuple(post.values()) for post in found)


def _csv(found: Sequence[Post], **options: object) -> str:
    text = StringIO()
    csv.writer(text, **options).writerows(_rows(found))  # type: ignore[arg-type]
    return text.getvalue()


def python_csv(found: Sequence[Post], dice: random.Random) -> bytes:
    quoting = dice.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE))
    escaped = quoting == csv.QUOTE_NONE or dice.random() < 0.3
    return _csv(
        found,
        delimiter=dice.choice(",;\t|"),
        quoting=quoting,
        doublequote=not escaped,
        escapechar="\\" if escaped else None,
        # With the other end its writer leaves carriage returns that its own reader refuses.
        lineterminator="\r\n" if quoting == csv.QUOTE_NONE else dice.choice(("\r\n", "\n")),
    ).encode(dice.choice(("utf-8", "utf-8-sig", "utf-16")))


def pandas(found: Sequence[Post], dice: random.Random) -> bytes:
    text = StringIO()
    rows = csv.writer(text, delimiter=dice.choice(",\t"), lineterminator="\n")
    rows.writerow(("", *NAMES))
    rows.writerows((number, *post.values()) for number, post in enumerate(found))
    return text.getvalue().encode()


def spreadsheet(found: Sequence[Post], dice: random.Random) -> bytes:
    kind = dice.choice(("workbook", "utf-16", "utf-8-sig", "cp1252"))
    if kind == "workbook" and dice.random() < 0.3:
        _change(found, lambda text: text.replace("\r\n", "\n").lstrip("="))
        return _workbook(found)
    if kind == "utf-16":
        return _csv(found, delimiter="\t").encode("utf-16")
    encoding = "utf-8" if kind == "workbook" else kind
    _change(found, lambda text: text.encode(encoding, "replace").decode(encoding))
    above = dice.choice(("", "sep=;\r\n", "Report;Acme;;;\r\n;;;;\r\n"))
    return (above + _csv(found, delimiter=";")).encode(encoding)


def _change(found: Sequence[Post], change: Callable[[str], str]) -> None:
    """Lets texts be what the program can hold."""
    for post in found:
        post["text"] = change(post["text"])


def _workbook(found: Sequence[Post]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in _rows(found):
        sheet.append(list(row))
    target = BytesIO()
    book.save(target)
    return target.getvalue()


def json_shapes(found: Sequence[Post], dice: random.Random) -> bytes:
    plain = dice.random() < 0.5
    indent = dice.choice((1, 2, 4))
    shape = dice.randrange(6)
    lines = [json.dumps(post, ensure_ascii=plain) for post in found]
    text = (
        "\n".join(lines),
        json.dumps(found, ensure_ascii=plain),
        json.dumps(found, ensure_ascii=plain, indent=indent),
        f"window.YTD.tweets.part0 = {json.dumps(found, ensure_ascii=plain, indent=indent)}",
        json.dumps(
            {"meta": {"count": len(found)}, "data": found}, ensure_ascii=plain, indent=dice.choice((None, 2))
        ),
        "\n".join(json.dumps(post, ensure_ascii=plain, indent=indent) for post in found),
    )[shape]
    return text.encode(dice.choice(("utf-8", "utf-8-sig", "utf-16")))


def tab_separated(found: Sequence[Post], dice: random.Random) -> bytes:
    """As tools write it that part cells by tabs and quote nothing."""
    _change(found, lambda text: " ".join(text.split()).strip('"'))
    return "".join("\t".join(row) + "\n" for row in _rows(found)).encode()


WRITERS: dict[Writer, int] = {
    python_csv: CASES * 3 // 10, pandas: CASES // 10, spreadsheet: CASES * 2 // 10, json_shapes: CASES * 3 // 10,
    tab_separated: CASES // 10,
}  # fmt: skip
STEPS = 10


def wrong(data: bytes, expected: Sequence[Post]) -> str | None:
    """Returns what came in silently and wrong."""
    try:
        found = list(open_export(BufferedReader(BytesIO(data)), "export", Asked()).found)
    except Misconfigured:
        return None
    good = [
        {name: one.record.get(name) for name in NAMES} for one in found if not isinstance(one.record, Permanent)
    ]
    refused = len(found) - len(good)
    known = list(expected)
    for post in good:
        if post not in known:
            return f"{post} was not written"
        known.remove(post)  # type: ignore[arg-type]
    return f"{known} went without a word" if len(known) > refused else None


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.__name__)
def test_what_is_written_comes_back_or_is_refused_by_name(writer: Writer, step: int) -> None:
    for case in range(step, WRITERS[writer], STEPS):
        dice = random.Random(f"{writer.__name__} {case}")
        found = posts(dice, western=writer is spreadsheet)
        data = writer(found, dice)
        assert wrong(data, found) is None, (case, data)
