"""`earshot dlq`: the dead letters: list, show without what they say, send back."""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.text.output import emit, emit_json, say, table_console
from pipeline.errors import EXIT_NO, Misconfigured

if TYPE_CHECKING:
    from pipeline.adapters.kafka.reader import TopicReader
    from pipeline.app.dlq.listing import Count, Letter, Receipts
    from pipeline.app.dlq.replay import Outcome

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="List the dead letters, show one, send some back to their topic.",
)
Topic = Annotated[str | None, typer.Option(help="only of this topic, such as posts.raw", show_default=False)]
Code = Annotated[str | None, typer.Option(help="only with this code", show_default=False)]
Workspace = Annotated[str | None, typer.Option(help="only of this workspace", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object a line, to stdout")]


@app.command("list")
def list_letters(
    topic: Topic = None,
    code: Code = None,
    workspace: Workspace = None,
    each: Annotated[bool, typer.Option("--each", help="every letter with its place, reason and source")] = False,
    as_json: AsJson = False,
) -> None:
    """Count the dead letters by topic and code with the name of the newest, or name each of them.

    It never shows what they say.
    """
    from pipeline.app.dlq.listing import Wanted, counted, read_letters, read_receipts

    reader = _reader()
    try:
        receipts = read_receipts(reader)
        letters = read_letters(reader, Wanted(topic, code, workspace))
        if each:
            for letter in letters:
                _emit_letter(letter, receipts, as_json=as_json)
        else:
            _emit_counts(counted(letters, receipts), as_json=as_json)
    finally:
        reader.close()


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="TOPIC.dlq/PARTITION/OFFSET", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Show why one dead letter was refused, where it is from, and its value, masked where the topic holds plain
    text.

    Of a masked value only ids, codes, times and counters are legible. For plain text there is `earshot reveal`,
    which records who reads it. Exit 1 says that there is no such letter, or no more.
    """
    from pipeline.app.dlq.listing import letter_at, parse_place, read_receipts

    place = parse_place(letter)
    reader = _reader()
    try:
        dead_letter = letter_at(reader, place)
        receipts = read_receipts(reader)
    finally:
        reader.close()
    if dead_letter is None:
        say(f"there is no letter {letter}; dead letters are kept as long as records of their topic")
        raise typer.Exit(EXIT_NO)
    _show(dead_letter, receipts, as_json=as_json)


@app.command()
def replay(
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[TOPIC.dlq/PARTITION/OFFSET]...", show_default=False)
    ] = None,
    topic: Topic = None,
    code: Code = None,
    workspace: Workspace = None,
    again: Annotated[bool, typer.Option("--again", help="also those that were replayed before")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be sent")] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to their topic with key and value untouched, either those named or all that the
    options choose.

    Mend the cause first, or they come back. A record that a stage has taken before is recognised and dropped. What
    was replayed is noted on dlq.replays and not sent again. Exit 1 says that nothing was sent.
    """
    from pipeline.app.dlq.listing import Wanted, read_letters, read_receipts
    from pipeline.app.dlq.replay import Replayer, still_arriving
    from pipeline.app.endpoints import resolve
    from pipeline.clock import SystemClock, to_ms
    from pipeline.settings import load_settings

    wanted = Wanted(topic, code, workspace)
    # To send all letters must be asked for. A forgotten option should not do it.
    if bool(letters) == any(part is not None for part in wanted):
        raise Misconfigured("name letters, or choose them by --topic, --code, --workspace: one of both is needed")
    kafka, clock = resolve(load_settings()).kafka, SystemClock()
    reader = _reader()
    try:
        named = _named(reader, letters) if letters else None
        receipts = read_receipts(reader)
        # The letters are read twice and never kept, because there may be more of them than memory. Those that come
        # back meanwhile lie behind the end that the second reading begins with, or wait for the next call.
        first = read_letters(reader, wanted) if named is None else named
        for name, age_ms in still_arriving(first, to_ms(clock.now())).items():
            say(f"{name}: the newest is {age_ms / 1000:.0f} s old; if its cause is still there, they come back")
        if not dry_run:
            _have_receipts_topic()
        chosen = read_letters(reader, wanted) if named is None else named
        verdicts: Counter[str] = Counter()
        for outcome in Replayer(kafka, receipts, clock, again=again, dry_run=dry_run).replay(chosen):
            verdicts[outcome.verdict] += 1
            _emit_outcome(outcome, as_json=as_json)
    finally:
        reader.close()
    say(
        ", ".join(f"{count:,} {verdict.replace('_', ' ')}" for verdict, count in verdicts.items())
        or "no such letter"
    )
    if not verdicts["replayed"] + verdicts["would_be_replayed"]:
        raise typer.Exit(EXIT_NO)


def _reader() -> "TopicReader":
    from pipeline.adapters.kafka.reader import TopicReader
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings

    return TopicReader(resolve(load_settings()).kafka)


def _have_receipts_topic() -> None:
    from pipeline.adapters.kafka.admin import ensure_topics
    from pipeline.app.endpoints import resolve
    from pipeline.settings import load_settings
    from schemas.topics import REPLAYS

    ensure_topics(resolve(load_settings()).kafka, [REPLAYS])


def _named(reader: "TopicReader", names: list[str]) -> list["Letter"]:
    """Returns all letters before any is sent. A slip in the last name must not leave half the work done."""
    from pipeline.app.dlq.listing import letter_at, parse_place

    letters, missing = [], []
    # A letter that is named twice is sent once.
    for name in dict.fromkeys(names):
        letter = letter_at(reader, parse_place(name))
        if letter is None:
            missing.append(name)
        else:
            letters.append(letter)
    if missing:
        raise Misconfigured(f"there is no letter {', '.join(missing)}; nothing was sent")
    return letters


def _emit_counts(counts: list["Count"], *, as_json: bool) -> None:
    from dataclasses import asdict

    from rich.table import Table

    if as_json:
        for count in counts:
            emit_json(asdict(count))
        return
    table = Table("topic", "code", box=None, pad_edge=False)
    for heading in ("letters", "replayed", "oldest", "newest"):
        table.add_column(heading, justify="right")
    # A name that is cut off would be no name.
    table.add_column("newest letter", no_wrap=True, overflow="fold")
    for count in counts:
        table.add_row(
            count.topic,
            _printable(count.code),
            f"{count.letters:,}",
            f"{count.replayed:,}",
            _time(count.oldest_ms),
            _time(count.newest_ms),
            count.newest_letter,
        )
    total = f"{sum(count.letters for count in counts):,} dead letters"
    if counts:
        table_console().print(table)
        total += "; --each names each of them, and `earshot dlq show LETTER` shows one"
    say(total)


def _emit_letter(letter: "Letter", receipts: "Receipts", *, as_json: bool) -> None:
    from schemas.dead_letter import place_of

    if as_json:
        emit_json(_facts(letter, receipts))
        return
    info = letter.info
    reason = (
        "" if info is None else f"{info.field or '-'}: {info.detail} (from {place_of(info.source)}, {info.stage})"
    )
    mark = " replayed" if letter.place in receipts else ""
    emit(_printable(f"{place_of(letter.place)} {_time(letter.appended_ms)} {letter.code}{mark} {reason}"))


def _facts(letter: "Letter", receipts: "Receipts") -> dict[str, object]:
    from schemas.dead_letter import place_of

    return {
        "letter": place_of(letter.place),
        # The key of a damaged record may hold anything, so only what looks like a workspace is shown.
        "workspace": letter.workspace if _is_slug(letter.workspace) else None,
        "appended_ms": letter.appended_ms,
        "code": letter.code,
        "info": None if letter.info is None else letter.info.model_dump(exclude_none=True),
        "replayed_ms": receipts.get(letter.place, []),
    }


def _is_slug(workspace: str | None) -> bool:
    from pipeline.app.dlq.masked_form import LEGIBLE

    return workspace is not None and LEGIBLE["workspace"].fullmatch(workspace) is not None


def _show(letter: "Letter", receipts: "Receipts", *, as_json: bool) -> None:
    from pipeline.app.dlq.masked_form import holds_plain_text, shape, shape_key
    from schemas.dead_letter import place_of

    masked = holds_plain_text(letter.place.topic)
    key, value = letter.key or b"", letter.value or b""
    shown = shape(value) if masked else value.decode(errors="replace")
    name = shape_key(key) if masked else key.decode(errors="replace")
    if as_json:
        emit_json(_facts(letter, receipts) | {"key": name, "masked": masked, "value": shown, "bytes": len(value)})
        return
    _emit_letter(letter, receipts, as_json=False)
    if letter.place in receipts:
        say(f"replayed at {', '.join(map(_time, receipts[letter.place]))}")
    say(f"key {_printable(name)}, value of {len(value):,} bytes{', masked' if masked else ''}:")
    emit(_printable(shown))
    if masked:
        from pipeline.app.offline.reveal import letter_id

        owner = letter.workspace if _is_slug(letter.workspace) else "WORKSPACE"
        called = f"{letter_id(letter.place, value)} --workspace {owner} --source {place_of(letter.place)}"
        say(f"plain text: earshot reveal {called} --rep REP_ID --reason WHY")


def _emit_outcome(outcome: "Outcome", *, as_json: bool) -> None:
    from schemas.dead_letter import place_of

    place, topic = place_of(outcome.letter.place), outcome.letter.topic
    if as_json:
        emit_json({"letter": place, "verdict": outcome.verdict, "topic": topic})
    else:
        emit(f"{place} {outcome.verdict.replace('_', ' ')}: {topic}")


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _printable(text: str) -> str:
    """Keeps a record from steering the terminal that shows it."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)
