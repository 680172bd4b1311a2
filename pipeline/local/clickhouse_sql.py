"""Reads just enough of a ClickHouse request to tell statement from data, and to keep closed doors closed.

In: the bytes of a request. Out: one statement, and for an insert its format and its data apart, so that data is
never read as SQL. What this lexer cannot surely read as the engine does is refused, not guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

SYNTAX_ERROR = 62
ACCESS_DENIED = 497
"""ClickHouse's own error codes."""

TOKEN = re.compile(
    rb"(?P<space>[ \t\r\n\f\v]+|--[^\n]*|\#[ !][^\n]*|/\*(?:(?!/\*).)*?\*/)"
    rb"|(?P<string>'(?:[^'\\]|\\.|'')*')"
    rb"|(?P<quoted>\"(?:[^\"\\]|\"\")*\"|`(?:[^`\\]|``)*`)"
    rb"|(?P<word>\w+)"
    rb"|(?P<mark>/(?![/*])|-(?!-)|[!%&()*+,.:;<=>?@\[\]^{|}~])",
    re.DOTALL,
)
"""Not matched, so refused: `$` (heredocs), `//`, bytes outside ASCII, escapes in names, nested comments."""

CLOSED_CALLS = frozenset(
    {
        "file",
        "python",
        "eval",
        "executable",
        "executablepool",
        "arrowstream",
        "embeddedrocksdb",
        "queryrunner",
        "sqlite",
        "disk",
    }
)
"""Names that reach the machine or the server's own memory and that the engine's grants do not cover."""

LARGEST_VALUES_BYTES = 4 * 1024 * 1024
"""`VALUES` may hold expressions, so it is read through; bulk data belongs into a data format."""


class Refused(Exception):
    """The request is not passed to the engine; `code` is ClickHouse's number for the reason."""

    def __init__(self, code: int, name: str, detail: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {detail} ({name})")
        self.code = code


@dataclass(frozen=True)
class Token:
    """A piece of SQL: `kind` is string, quoted, word or mark; `text` is unquoted for names; offsets in bytes."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def is_end(self) -> bool:
        """Whether it is a semicolon."""
        return self.kind == "mark" and self.text == ";"

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, in any case, unquoted."""
        return self.kind == "word" and self.text.upper() in words


@dataclass(frozen=True)
class Statement:
    """One statement. For an insert with data: `sql` ends before FORMAT, `data` is in `data_format`."""

    sql: str
    data: bytes | None = None
    data_format: str | None = None
    result_format: str | None = None


def read_statement(request: bytes) -> Statement:
    """Takes a request apart.

    Raises:
        Refused: more than one statement, bytes that cannot be read, or a closed function, engine or file clause.
    """
    tokens: list[Token] = []
    is_insert = selects = False
    depth = 0
    for token in lex(request):
        if not tokens:
            is_insert = token.is_word("INSERT")
        if token.kind == "mark" and token.text in "([{":
            depth += 1
        elif token.kind == "mark" and token.text in ")]}":
            depth -= 1
        selects = selects or token.is_word("SELECT", "WITH")
        if is_insert and not selects and depth == 0 and len(tokens) > 1:
            if token.is_word("VALUES"):
                return _insert_values(request, tokens, token)
            if tokens[-1].is_word("FORMAT") and token.kind == "word":
                return _insert_format(request, tokens, token)
        tokens.append(token)
    tokens = _single(tokens)
    guard(tokens)
    formats = [name.text for word, name in pairwise(tokens) if word.is_word("FORMAT") and name.kind == "word"]
    end = tokens[-1].end if tokens else 0
    return Statement(_text(request[:end]), result_format=formats[-1] if formats and not is_insert else None)


def lex(request: bytes) -> Iterator[Token]:
    """The tokens of `request`, one by one: what follows an insert's FORMAT is data and is never asked for.

    Raises:
        Refused: a byte that starts no token known here.
    """
    position = 0
    while position < len(request):
        match = TOKEN.match(request, position)
        if match is None:
            detail = f"Syntax error: cannot read position {position + 1}: {request[position : position + 20]!r}"
            raise Refused(SYNTAX_ERROR, "SYNTAX_ERROR", detail)
        kind = match.lastgroup or ""
        if kind != "space":
            text = _text(match.group())
            if kind == "quoted":
                text = text[1:-1].replace(text[0] * 2, text[0])
            yield Token(kind, text, position, match.end())
        position = match.end()


def guard(tokens: list[Token]) -> None:
    """Refuses what reaches files, other programs or this process.

    `file` is refused as a name of any kind, because the engine takes a function's name without a call too
    (`arrayMap(file, ...)`, `APPLY file`); as a column it can be written qualified, `t.file`.

    Raises:
        Refused: with ACCESS_DENIED.
    """
    for index, token in enumerate(tokens):
        name = token.text.casefold()
        before = tokens[index - 1] if index else None
        call = index + 1 < len(tokens) and tokens[index + 1].text == "(" and tokens[index + 1].kind == "mark"
        member = before is not None and before.kind == "mark" and before.text == "."
        engine = any(earlier.is_word("ENGINE") for earlier in tokens[max(index - 2, 0) : index])
        if token.kind not in ("word", "quoted"):
            continue
        if name in CLOSED_CALLS and (call or engine or (name == "file" and not member)):
            raise _denied(f"`{token.text}` is closed in the embedded server")
        if before is not None and (
            (token.is_word("OUTFILE") and before.is_word("INTO"))
            or (token.is_word("INFILE") and before.is_word("FROM"))
        ):
            raise _denied(f"{before.text} {token.text} is closed in the embedded server")


def _single(tokens: list[Token]) -> list[Token]:
    """Without the closing semicolons."""
    while tokens and tokens[-1].is_end:
        tokens = tokens[:-1]
    return _one(tokens)


def _one(tokens: list[Token]) -> list[Token]:
    """`tokens`, when no semicolon parts them."""
    if any(token.is_end for token in tokens):
        raise Refused(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: Multi-statements are not allowed")
    return tokens


def _insert_values(request: bytes, tokens: list[Token], values: Token) -> Statement:
    _one(tokens)
    data = request[values.end :]
    if len(data) > LARGEST_VALUES_BYTES:
        raise _denied(f"VALUES of more than {LARGEST_VALUES_BYTES} bytes: use FORMAT JSONEachRow, CSV or Native")
    guard([*tokens, *_single(list(lex(data)))])
    return Statement(_text(request[: values.start]), data, "Values")


def _insert_format(request: bytes, tokens: list[Token], name: Token) -> Statement:
    """As the engine: after the format's name spaces and one line end belong to the statement."""
    guard(_one(tokens))
    data = re.sub(rb"\A[ \t\f]*\r?\n?", b"", request[name.end :], count=1)
    if name.text.casefold() == "values":
        return _insert_values(request, tokens[:-1], Token("word", "VALUES", tokens[-1].start, name.end))
    return Statement(_text(request[: tokens[-1].start]), data, name.text)


def _denied(detail: str) -> Refused:
    return Refused(ACCESS_DENIED, "ACCESS_DENIED", detail)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(SYNTAX_ERROR, "SYNTAX_ERROR", "Syntax error: the statement is not UTF-8") from None
