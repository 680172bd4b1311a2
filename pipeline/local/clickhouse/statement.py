"""Tells a statement from its data, and refuses a statement that would reach out of the server.

The engine's own parser reads the statement. It returns the canonical text without comments, with keywords in
capitals, and with strings and odd names quoted. That text is checked here and run afterwards, so that nothing
depends on reading SQL as the engine does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.local.clickhouse.closed_names import ClosedNames

SYNTAX_ERROR, UNKNOWN_FORMAT, SETTING_CONSTRAINT_VIOLATION, ACCESS_DENIED = 62, 73, 452, 497
"""ClickHouse's own error codes."""

Parser = Callable[[str], str]
"""Returns the canonical text of exactly one statement, and raises `Refused` for anything else."""

READING = frozenset({"SELECT", "WITH", "SHOW", "DESCRIBE", "EXISTS", "EXPLAIN", "SET", "USE"})
"""First keywords that a reader may use. The engine's `readonly` holds a reader to them too."""

VERBS = READING | {
    "ALTER", "CREATE", "DELETE", "DROP", "EXCHANGE", "INSERT", "KILL", "OPTIMIZE", "RENAME", "REPLACE", "SYSTEM",
    "TRUNCATE", "UNDROP", "UPDATE",
}  # fmt: skip
"""First keywords of statements that tables need. ATTACH is not among them, because with FROM it takes any folder
for a table's own."""

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
FILE_CLAUSES = re.compile(r" (INTO OUTFILE|FROM INFILE|PARALLEL WITH) ")
MOST_HEAD_BYTES = 262_144
"""Bytes within which an insert's data must begin (ClickHouse's `max_query_size`)."""

MOST_TRIES = 50
"""Places that are tried as the beginning of an insert's data. The words before it may hold FORMAT as a name."""


class Refused(Exception):
    """The request is not passed to the engine. `code` is ClickHouse's number for the reason."""

    def __init__(self, code: int, name: str, detail: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {detail} ({name})")
        self.code = code


@dataclass(frozen=True)
class Statement:
    """One statement. Of an insert with data `sql` ends before FORMAT, and `data` is in `data_format`.

    Of all others `tail` is the FORMAT clause with what follows, and `result_format` the format that it names.
    """

    verb: str
    sql: str
    tail: str = ""
    result_format: str | None = None
    data: bytes | None = None
    data_format: str = ""


def read_statement(request: bytes, params: Mapping[str, str], parse: Parser, closed: ClosedNames) -> Statement:
    """Takes a request apart.

    Args:
        request: one statement, for an insert followed by its data, which is never parsed as SQL.
        params: values of `{name:Type}`, escaped as in TabSeparated.
        parse: the engine's parser.
        closed: the names that are closed in the engine.

    Raises:
        Refused: not one statement, or one that may not be run.
    """
    first = FIRST_WORD.match(request)
    if first is None:
        raise Refused(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: Empty query")
    if first[1].upper() == b"INSERT" and (insert := _insert(request, parse, closed)):
        return insert
    canonical = parse(_text(request))
    plain = _check(canonical, closed)
    _check_names(plain, params, closed)
    if INSERT_OF_DATA.fullmatch(plain):
        raise Refused(
            SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: cannot tell where the data of the INSERT begins"
        )
    output = OUTPUT_FORMAT.search(plain)
    if output and not _parses(canonical[: output.start()], parse):
        output = None  # in `ORDER BY FORMAT ASC` it is a column
    end = output.start() if output else len(canonical)
    return Statement(plain.split()[0], canonical[:end], canonical[end:], output[1] if output else None)


def _insert(request: bytes, parse: Parser, closed: ClosedNames) -> Statement | None:
    """Returns the insert with its data apart. It is None when there are no data (INSERT SELECT) or when it is not
    well formed."""
    for _, place in zip(range(MOST_TRIES), DATA.finditer(request, 0, MOST_HEAD_BYTES), strict=False):
        begin = place.end() + len(place[1] or b"")
        try:
            canonical = parse(_text(request[:begin]))
        except Refused:
            continue  # here FORMAT or VALUES is a name, or stands in a string or a comment
        plain = _check(canonical, closed)
        whole = INSERT_OF_DATA.fullmatch(plain)
        if whole is None:
            return None
        data = request[begin:]
        if whole[1].casefold() == "values":
            _check_values(data, parse, closed)
        sql = canonical[: plain.rindex(" FORMAT ")]
        return Statement("INSERT", sql, data=data, data_format=whole[1])
    return None


def _parses(text: str, parse: Parser) -> bool:
    try:
        parse(text)
    except Refused:
        return False
    return True


def _check(canonical: str, closed: ClosedNames) -> str:
    """Returns the canonical text with strings and odd names blotted out, and with offsets unchanged.

    Raises:
        Refused: it does what is not allowed here.
    """
    plain = LITERAL.sub(_blot, canonical)
    verb = plain.split()[0]
    if verb not in VERBS:
        raise _denied(f"{verb} is closed in the embedded server")
    if clause := FILE_CLAUSES.search(plain):
        raise _denied(f"{clause[1]} is closed in the embedded server")
    for engine in re.findall(r" ENGINE = [ `]?(\w+)", plain):
        if engine not in ENGINES:
            raise _denied(f"The engine {engine} is closed in the embedded server")
    if name := closed.call(plain):
        raise _denied(f"`{name}` is closed in the embedded server")
    if setting := closed.setting(plain):
        raise closed_setting(setting)
    return plain


def _check_names(plain: str, params: Mapping[str, str], closed: ClosedNames) -> None:
    """Checks names that come as parameters, since `arrayMap({f:Identifier}, ...)` calls whatever function they
    name.

    Raises:
        Refused: a parameter names a closed name, or may do so later, in a session or through a view.
    """
    if re.search(r" `?param_\w+`? = ", plain):
        raise _denied("SET param_... is closed in the embedded server: send param_... with the statement")
    for name in NAME_BY_PARAMETER.findall(plain):
        value = params.get(name)
        if value is None or "\\" in value or closed.may_be_named(value) or " VIEW " in plain:
            raise _denied(f"{{{name}:Identifier}} is closed in the embedded server for this value")


def _blot(literal: re.Match[str]) -> str:
    """Keeps a quoted name that is a word, and turns everything else into as many underscores."""
    text = literal[0]
    if text[0] == "`" and re.fullmatch(r"\w+", text[1:-1]):
        return text
    return text[0] + "_" * (len(text) - 2) + text[0]


def _check_values(data: bytes, parse: Parser, closed: ClosedNames) -> None:
    """Checks expressions of `VALUES`. Where one might use a closed name, the engine reads them for us.

    Raises:
        Refused: it does, or cannot be told from such.
    """
    if closed.may_be_named(data.decode("latin-1")):
        _check(parse("SELECT " + _text(data).rstrip().rstrip(";")), closed)


def _denied(detail: str) -> Refused:
    return Refused(ACCESS_DENIED, "ACCESS_DENIED", detail)


def closed_setting(name: str) -> Refused:
    """Returns the refusal of a setting that may hold SQL, a path or an address."""
    detail = f"Setting {name} is closed in the embedded server"
    return Refused(SETTING_CONSTRAINT_VIOLATION, "SETTING_CONSTRAINT_VIOLATION", detail)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: the statement is not UTF-8") from None
