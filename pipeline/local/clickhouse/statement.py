"""Tells a statement from its data, and keeps closed doors closed.

In: the bytes of a request. Out: one `Statement` in the engine's own words. The engine's parser reads it (`Parser`:
one statement in, its canonical text out, comments gone, keywords in capitals, strings and odd names quoted), and
that text is both what is checked here and what is run, so nothing depends on reading SQL as the engine does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.local.clickhouse.doors import Doors

SYNTAX_ERROR, UNKNOWN_FORMAT, SETTING_CONSTRAINT_VIOLATION, ACCESS_DENIED = 62, 73, 452, 497
"""ClickHouse's own error codes."""

Parser = Callable[[str], str]
"""The canonical text of exactly one statement; raises `Refused` for anything else."""

READING = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "SET", "USE"})
"""First keywords that a reader may use; the engine's `readonly` holds him too."""

VERBS = READING | {
    "ALTER", "CREATE", "DELETE", "DROP", "EXCHANGE", "INSERT", "KILL", "OPTIMIZE", "RENAME", "REPLACE", "SYSTEM",
    "TRUNCATE", "UNDROP", "UPDATE",
}  # fmt: skip
"""First keywords of statements that tables need. Not ATTACH: with FROM it takes any folder for a table's own."""

ENGINES = frozenset({
    "AggregatingMergeTree", "Atomic", "Buffer", "CoalescingMergeTree", "CollapsingMergeTree", "GenerateRandom",
    "Join", "Log", "MaterializedView", "Memory", "Merge", "MergeTree", "Null", "ReplacingMergeTree", "Set",
    "StripeLog", "SummingMergeTree", "TinyLog", "VersionedCollapsingMergeTree", "View",
})  # fmt: skip
"""Engines of tables and databases that keep to the server's own folder and reach nobody."""

LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
FIRST_WORD = re.compile(rb"(?>\s+|--[^\n]*|#[ !][^\n]*|/\*.*?\*/|\()*+(\w+)", re.DOTALL)
DATA = re.compile(rb"(?i)\bVALUES\b|\bFORMAT\b(?=(\s+\w+[ \t\f]*\r?\n?))")
INSERT_OF_DATA = re.compile(r"INSERT INTO (?!.* (?:SELECT|WITH|FROM INFILE) ).* FORMAT \W?(\w+)\W?", re.DOTALL)
OUTPUT_FORMAT = re.compile(r" FORMAT [ `]?(\w+)[ `]?(?= SETTINGS [^()]*$|$)")
NAME_BY_PARAMETER = re.compile(r"\{([^:{}]*):Identifier\}")
FILES_AND_COMPANY = re.compile(r" (INTO OUTFILE|FROM INFILE|PARALLEL WITH) ")
MOST_HEAD_BYTES = 262_144
"""Where an insert's data has to begin: ClickHouse's `max_query_size`."""

MOST_TRIES = 50
"""Places where an insert's data may begin that are tried: the words before it may hold FORMAT as a name."""


class Refused(Exception):
    """The request is not passed to the engine; `code` is ClickHouse's number for the reason."""

    def __init__(self, code: int, name: str, detail: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {detail} ({name})")
        self.code = code


@dataclass(frozen=True)
class Statement:
    """One statement. For an insert with data: `sql` ends before FORMAT, `data` is in `data_format`.

    For all others `tail` is its FORMAT clause with what follows, and `result_format` the format that it names.
    """

    verb: str
    sql: str
    tail: str = ""
    result_format: str | None = None
    data: bytes | None = None
    data_format: str = ""


def read_statement(request: bytes, params: Mapping[str, str], parse: Parser, doors: Doors) -> Statement:
    """Takes a request apart.

    Args:
        request: one statement, for an insert followed by its data, which is never parsed as SQL.
        params: values of `{name:Type}`, escaped as in TabSeparated.
        parse: the engine's parser.
        doors: those that the engine has.

    Raises:
        Refused: not one statement, or one that may not be run.
    """
    first = FIRST_WORD.match(request)
    if first is None:
        raise Refused(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: Empty query")
    if first[1].upper() == b"INSERT" and (insert := _insert(request, parse, doors)):
        return insert
    canonical = parse(_text(request))
    plain = _check(canonical, doors)
    _check_names(plain, params, doors)
    if INSERT_OF_DATA.fullmatch(plain):
        raise Refused(
            SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: cannot tell where the data of the INSERT begins"
        )
    output = OUTPUT_FORMAT.search(plain)
    if output and not _parses(canonical[: output.start()], parse):
        output = None  # `ORDER BY FORMAT ASC`: a column
    end = output.start() if output else len(canonical)
    return Statement(plain.split()[0], canonical[:end], canonical[end:], output[1] if output else None)


def _insert(request: bytes, parse: Parser, doors: Doors) -> Statement | None:
    """The insert with its data apart; None when it has none (INSERT SELECT) or is not well formed."""
    for _, place in zip(range(MOST_TRIES), DATA.finditer(request, 0, MOST_HEAD_BYTES), strict=False):
        begin = place.end() + len(place[1] or b"")
        try:
            canonical = parse(_text(request[:begin]))
        except Refused:
            continue  # FORMAT or VALUES as a name, in a string or in a comment
        plain = _check(canonical, doors)
        whole = INSERT_OF_DATA.fullmatch(plain)
        if whole is None:
            return None
        data = request[begin:]
        if whole[1].casefold() == "values":
            _check_values(data, parse, doors)
        sql = canonical[: plain.rindex(" FORMAT ")]
        return Statement("INSERT", sql, data=data, data_format=whole[1])
    return None


def _parses(text: str, parse: Parser) -> bool:
    try:
        parse(text)
    except Refused:
        return False
    return True


def _check(canonical: str, doors: Doors) -> str:
    """The canonical text with strings and odd names blotted out, offsets unchanged.

    Raises:
        Refused: it does what is not allowed here.
    """
    plain = LITERAL.sub(_blot, canonical)
    verb = plain.split()[0]
    if verb not in VERBS:
        raise _denied(f"{verb} is closed in the embedded server")
    if found := FILES_AND_COMPANY.search(plain):
        raise _denied(f"{found[1]} is closed in the embedded server")
    for engine in re.findall(r" ENGINE = [ `]?(\w+)", plain):
        if engine not in ENGINES:
            raise _denied(f"The engine {engine} is closed in the embedded server")
    if door := doors.called(plain):
        raise _denied(f"`{door}` is closed in the embedded server")
    if setting := doors.setting(plain):
        raise closed_setting(setting)
    return plain


def _check_names(plain: str, params: Mapping[str, str], doors: Doors) -> None:
    """Names that come as parameters: `arrayMap({f:Identifier}, ...)` calls whatever function they name.

    Raises:
        Refused: one names a door, or may do so later, in a session or through a view.
    """
    if re.search(r" `?param_\w+`? = ", plain):
        raise _denied("SET param_... is closed in the embedded server: send param_... with the statement")
    for name in NAME_BY_PARAMETER.findall(plain):
        value = params.get(name)
        if value is None or "\\" in value or doors.may_be_named(value) or " VIEW " in plain:
            raise _denied(f"{{{name}:Identifier}} is closed in the embedded server for this value")


def _blot(literal: re.Match[str]) -> str:
    """A quoted name that is a word keeps it; everything else becomes as many underscores."""
    text = literal[0]
    if text[0] == "`" and re.fullmatch(r"\w+", text[1:-1]):
        return text
    return text[0] + "_" * (len(text) - 2) + text[0]


def _check_values(data: bytes, parse: Parser, doors: Doors) -> None:
    """`VALUES` may hold expressions: where one might open a door, the engine reads them for us.

    Raises:
        Refused: it does, or cannot be told from such.
    """
    if doors.may_be_named(data.decode("latin-1")):
        _check(parse("SELECT " + _text(data).rstrip().rstrip(";")), doors)


def _denied(detail: str) -> Refused:
    return Refused(ACCESS_DENIED, "ACCESS_DENIED", detail)


def closed_setting(name: str) -> Refused:
    """The refusal of a setting that may hold SQL, a path or an address."""
    detail = f"Setting {name} is closed in the embedded server"
    return Refused(SETTING_CONSTRAINT_VIOLATION, "SETTING_CONSTRAINT_VIOLATION", detail)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: the statement is not UTF-8") from None
