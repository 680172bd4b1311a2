"""Finds e-mail addresses in a canonical text, also those that are spelled out ("jane at example dot com").

Each regular expression looks only around an at-sign. An expression that could start anywhere and run far would
cost more than the length of a text allows.
"""

import re
from collections.abc import Iterator

_AT_SIGN = re.compile("@{1,2}")
_MAX_LOCAL_CHARS = 64
"""Most characters before the @ (RFC 5321, 4.5.3.1.1)."""
_MARKS = "\u0900-\u0903\u093a-\u094f\u0e31-\u0e4e"
"""Vowel signs of scripts that have their own top-level domains; `\\w` leaves them out."""
_LABEL = rf"[\w{_MARKS}-]{{1,63}}"
_TOP = rf"(?:xn--[\w-]{{2,59}}|(?:(?![\d_])[\w{_MARKS}]){{2,24}})"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL}){{0,8}}\.{_TOP}")
_LOCAL_BACKWARDS = re.compile(rf"\"[^\"\n\x00]{{1,62}}\"|[\w.+'~{_MARKS}-]{{1,{_MAX_LOCAL_CHARS}}}")
_NO_START = ".'-~"
_FILES = frozenset(("png", "jpg", "jpeg", "gif", "webp", "svg", "mp4"))
"""Endings of files, because `logo@2x.png` is no address."""

_PROVIDERS = (
    r"(?:g(?:oogle)?mail|yahoo|ymail|hotmail|outlook|live|msn|icloud|me|mac|aol|proton(?:mail)?|pm|gmx|web|t-online|"
    r"freenet|posteo|mailbox|zoho|fastmail|yandex|mail|orange|wanadoo|free|laposte|sfr|libero|virgilio|terra|uol|bol|"
    r"sapo|rediffmail|btinternet|sky|comcast|verizon|att|qq|163)"
)
"""Hosts at which people have their address, and shops have not."""
_PROVIDER = re.compile(rf"{_PROVIDERS}(?:\W|$)", re.IGNORECASE)
_LONE_PROVIDER = re.compile(r"(?:gmail|yahoo|hotmail|outlook|icloud|protonmail|gmx)(?![\w.@-])", re.IGNORECASE)
"""A provider without its top-level domain, as in `jane@gmail`."""

_AT = r"(?:at|ät|arroba|arobase|chiocciola)"
_DOT = r"(?:dot|punkt|punto|point|ponto)"
_SPELLED_DOT = rf"(?:\s{_DOT}\s|\s?[\[({{]\s?(?:{_DOT}|\.)\s?[\])}}]\s?)"
_SPELLED = re.compile(
    rf"(?:(?P<bracket>\s?[\[({{<]\s?(?:{_AT}|@)\s?[\])}}>]\s?)|\s{_AT}\s)"
    rf"(?P<host>[\w-]{{1,63}}(?:(?:\.|{_SPELLED_DOT})[\w-]{{1,63}}){{1,4}})"
    rf"|(?:\s?@\s|\s@)(?P<spaced_host>[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}})",
    re.IGNORECASE,
)
_SPACED_HOST = re.compile(r"@\s?[\w-]{1,63}\.[\w-]")
_SPELLED_SIGNS = (
    " at ", "\nat ", "at\n", "at]", "at)", "at}", "at>", "[@", "(@", "{@", " ät ", "ät]", "ät)", "arroba",
    "arobase", "chiocciola",
)  # fmt: skip
"""Strings of which every spelled address holds one. They are cheaper to look for than the pattern."""
_SPELLED_END = re.compile(rf"(?P<dot>\.|{_SPELLED_DOT})(?P<top>[^\W\d_]{{2,24}})$", re.IGNORECASE)
_SPELLED_TOPS = re.compile(
    r"com|org|net|edu|gov|info|biz|co|io|app|dev|uk|ca|au|nz|ie|in|me|us|eu|de|at|ch|fr|be|lu|es|mx|ar|cl|pe|it|pt|br|"
    r"nl|se|no|dk|fi|pl|cz|ro|gr|tr|ru|jp|cn|kr|za|ng|ke|email|example|test",
    re.IGNORECASE,
)
_ALSO_WORDS = frozenset(("in", "me", "us", "at", "be", "it", "no", "de", "es"))
"""Top-level domains that are words too, because "at this point in time" is no address."""
_SPELLED_LOCAL = re.compile(
    rf"(?<![\w.+'-])[\w+'-]+(?:(?:\.|{_SPELLED_DOT}|\s(?:underscore|dash|minus)\s)[\w+'-]+){{0,4}}$", re.IGNORECASE
)
_MAIL_WORD = re.compile(r"mail|correo|courriel|\bcontact\b|\bwrite\b|\breach\b", re.IGNORECASE)
_CONTEXT_CHARS = 40
"""Characters before an address in which a word such as "mail" is looked for."""
_NO_NAMES = re.compile(
    r"shop(?:p(?:ed|ing))?|buy|bought|order(?:ed|s)?|look(?:ed|ing)?|sites?|it|me|one|stores?|available|here|found|is|are|"
    r"was|were|be|online|us|you|work(?:s|ing)?|purchased?|get|got|see|seen|this|that|team|people|guys|folks|and|or|but|"
    r"prices?|deals?|sold|sale|stuff|items?|account|check(?:ed|ing)?|arrived?|hours?|up|off|out|down|not|good|great|on|"
    r"in|go|going|start(?:ed)?|sign|support|only|also|just|still|today|now|time|right|exclusively|free|shipping|cheaper|"
    r"less|more|back|live|open|them|him|her|experience|service|customers?|job|half|offers?|discounts?|gift|cards?|again|"
    r"\w+thing|too|yet|well|much|many|some|any|all|day|week|weekend|home|even|cheap|best|better|new|listed|posted",
    re.IGNORECASE,
)
"""Words that stand before "at amazon dot com" and are nobody's name."""


def find_mail(text: str) -> Iterator[tuple[int, int]]:
    """Yields where e-mail addresses stand in a canonical text, in no order and possibly overlapping."""
    for sign in _AT_SIGN.finditer(text):
        if place := _around(text, *sign.span()):
            yield place
    lower = text.lower()
    if any(sign in lower for sign in _SPELLED_SIGNS) or ("@" in text and _SPACED_HOST.search(text)):
        yield from _spelled(text)


def _around(text: str, at: int, after: int) -> tuple[int, int] | None:
    before = text[max(0, at - _MAX_LOCAL_CHARS) : at]
    local = _LOCAL_BACKWARDS.match(before[::-1])
    if local is None:
        return None
    start = at - len(local[0].rstrip(_NO_START))
    # "@name@host.social" is a handle of the fediverse, and handles are public.
    if start == at or text[start - 1 : start] == "@":
        return None
    host = _HOST.match(text, after)
    if host is None:
        lone = _LONE_PROVIDER.match(text, after)
        return (start, lone.end()) if lone else None
    labels = _without_next_sentence(host[0].split("."))
    if labels[-1].lower() in _FILES:
        return None
    return start, after + len(".".join(labels))


def _without_next_sentence(labels: list[str]) -> list[str]:
    # "jane@example.com.Please call" ends at .com.
    while len(labels) > 2 and labels[-1].istitle() and labels[-2].islower() and len(labels[-2]) > 1:
        labels = labels[:-1]
    return labels


def _spelled(text: str) -> Iterator[tuple[int, int]]:
    for address in _SPELLED.finditer(text):
        host = address["host"] or address["spaced_host"]
        end = _SPELLED_END.search(host)
        if end is None or not _SPELLED_TOPS.fullmatch(end["top"]):
            continue
        dot = end["dot"].strip(" []{}()\t\n").lower()
        if dot not in (".", "dot") and end["top"].lower() in _ALSO_WORDS and not address["bracket"]:
            continue
        window = max(0, address.start() - _MAX_LOCAL_CHARS)
        local = _SPELLED_LOCAL.search(text[window : address.start()])
        if local is None or not any(letter.isalpha() for letter in local[0]):
            continue
        start = window + local.start()
        is_mail = _PROVIDER.match(host) or _MAIL_WORD.search(text[max(0, start - _CONTEXT_CHARS) : start])
        is_name = not _NO_NAMES.fullmatch(local[0])
        # Brackets around the "at" are proof. Without them, "shopped at amazon.com" would be an address.
        if address["bracket"] or (is_name and (is_mail or dot != ".")):
            yield start, address.end()
