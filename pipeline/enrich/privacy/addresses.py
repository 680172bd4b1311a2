"""Finds postal addresses in a canonical text, as far as patterns reach.

It knows the forms of English, German, Spanish, French and Portuguese, and some of Italian and Dutch. There is no
list of towns, because a place without a house number or a postcode is nobody's address. Every repetition is
bounded, so that the time stays in proportion to the text. In a canonical text, º and ª are written o and a.
"""

import re
from collections.abc import Iterator

from pipeline.enrich.privacy.places import (
    CAPITAL,
    CAPITAL_WORD,
    MONTH,
    STATES,
    TOWN,
    TOWN_END,
    UK,
    UK_SMALL,
    ZIP,
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# --- English: number, name, kind of street -----------------------------------------------------------------------
_NO_NAME = (
    r"(?!(?:a|an|the|of|on|in|at|to|for|from|by|off|and|or|but|with|per|my|your|our|his|her|their|this|that|these|"
    r"is|are|was|were|be|i|we|you|it|they|he|she|me|us|x|mins?|minutes?|hours?|hrs?|hr|days?|weeks?|months?|years?|yrs?|"
    r"seconds?|secs?|people|times?|miles?|km|kms|am|pm|th|more|less|other|different|star|stars|gb|tb|mb|"
    r"percent|dollars?|pounds?|euros?|bucks|ago|later|long|down|up|out|next|last|way|not|no|so|all|just|out|over|"
    r"points?|items?|orders?|flights?|trains?|cars?|lanes?|ft|feet|mph|kmh|kg|lbs|inch|inches|and|&)(?!\w))"
)
"""Words that are no part of a street's name, as in "20 minutes down the road"."""
_SURE = r"street|avenue|ave|boulevard|blvd|road|lane|terrace|terr|crescent|highway|hwy|parkway|pkwy"
_UNSURE = (
    "Street|Str|St|Avenue|Ave|Av|Boulevard|Blvd|Road|Rd|Lane|Ln|Terrace|Ter|Terr|Crescent|Cres|Highway|Hwy|Parkway|"
    "Pkwy|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Way|Close|Gardens|Gdns|Grove|Circle|Cir|Trail|Trl|Row|Mews|Hill|Quay|Wharf|"
    "Turnpike|Alley|Broadway|Esplanade|Vale|Crossing"
    # These also name what people do and where they play, as in "2015 Pride Parade".
    "|(?:Parade|Walk|Park|Green|Loop|View|Rise|Plaza)(?=,)"
)
_SHORT = "st|rd|dr|ln|ct|cir|pl"
_NUMBER = r"(?:\d{1,5}[/-])?\d{1,5}[A-Za-z]?(?!\w) "
_NUMBER_COMMA = _NUMBER[:-1] + ",? "
_HOUSE_START = re.compile(r"[1-9](?<![\w.,:$€£#/-].)(?!4/7)(?=[\d/-]{0,11}[A-Za-z]?,? )")
"""Where an English or French address may start, which is far cheaper to search for than the whole address."""
_COMPASS = r"(?:(?:[NSEWnsew]|[NS][EW]|North|South|East|West)\.? )?"
_UNIT = r"(?:apt|apartment|unit|suite|ste|flat|floor|room|rm)\.? ?#?(?:\d{1,5}[A-Za-z]?|[A-Za-z])(?!\w)"
_UNIT_BEFORE = re.compile(rf"(?<!\w){_UNIT},? $", re.IGNORECASE)
_UNIT_REACH = 20
_CODE = rf"(?:{ZIP}|{UK}|{UK_SMALL})"
_ENGLISH_TAIL = (
    rf"(?:,? ?(?:(?i:{_UNIT})|# ?\d{{1,5}}[A-Za-z]?(?!\w)))?"
    rf"(?:[, \n]{{1,3}}(?:{TOWN}|(?:[a-z]{{3,20}} ?){{1,2}})(?:[, ]{{1,3}}(?i:{STATES})(?!\w))?[., ]{{1,3}}{_CODE}"
    rf"|[, \n]{{1,3}}(?i:{STATES})[., ]{{1,3}}{ZIP}|[, \n]{{1,3}}{_CODE}"
    rf"|[,\n] ?{TOWN}(?:, ?{TOWN}){{0,2}}(?:, ?(?:{STATES})(?!\w))?{TOWN_END}"
    r"){0,2}"
)
_ENGLISH = re.compile(
    rf"{_NUMBER}{_COMPASS}"
    rf"(?:(?i:{_NO_NAME})(?:[A-Z][\w'.-]{{0,25}}|\d{{1,3}}(?:st|nd|rd|th)?) ){{1,4}}"
    rf"(?:{_UNSURE})(?!\w)\.?(?: [NSEW]{{1,2}}(?!\w))?{_ENGLISH_TAIL}"
    rf"|{_NUMBER_COMMA}{_COMPASS}"
    rf"(?:(?i:{_NO_NAME})[\w'.-]{{2,25}} ){{1,3}}(?i:{_SURE})(?!\w)\.?{_ENGLISH_TAIL}"
    rf"|\d{{2,5}} {_COMPASS}"
    rf"(?:(?i:{_NO_NAME})(?:[a-z][\w'.-]{{2,25}}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,2}}"
    rf"(?:{_SHORT})(?!\w)(?=[,.\n]|$| apt| unit| #){_ENGLISH_TAIL}"
)

# --- German and Dutch: name, number ------------------------------------------------------------------------------
_HOUSE = r" {0,2}(?:nr\.? ?)?\d{1,4} ?(?:[a-zA-Z](?!\w))?(?: ?[-/] ?\d{1,4}[a-zA-Z]?)?(?!\w)"
_GERMAN_TAIL = (
    rf"(?:[,\n]? ?(?:[A-Z]{{1,2}}-)?(?:\d{{5}}|\d{{4}}(?: ?[A-Z]{{2}}(?!\w))?) {TOWN}|, ?{TOWN}{TOWN_END})?"
)
_GERMAN = re.compile(
    rf"(?<![\w-])(?:(?:{CAPITAL}[\w.-]{{1,30}} ){{0,2}}(?:{CAPITAL}[\w-]{{1,30}}[ -])?(?i:straße|strasse|str\.)"
    rf"|[\w-]{{2,30}}(?:straße|strasse|str\.?|gasse|straat)"
    rf"|{CAPITAL}[\w-]{{1,30}}(?:weg|platz|allee|damm|ufer|chaussee|laan|plein|gracht|kade|dijk)"
    rf"|(?:{CAPITAL}[\w-]{{1,30}} )?(?:Weg|Platz|Allee|Chaussee))"
    rf"{_HOUSE}{_GERMAN_TAIL}"
)
_GERMAN_SIGNS = _words(
    "straße strasse str. gasse straat weg platz allee damm ufer chaussee laan plein gracht kade dijk"
)
_WITH_POSTCODE = re.compile(
    rf"(?<![\w-])(?!(?:den|der|dem|de|la|van) |{MONTH})"
    rf"(?:{CAPITAL}[\w'.-]{{1,30}} |(?:den|der|dem|im|am|zum|zur|de|la|van) ){{1,4}}{_HOUSE}"
    rf"(?:,? ?\n?(?:[A-Z]{{1,2}}-)?\d{{5}}|, ?\n?\d{{4}} ?[A-Z]{{2}}) {TOWN}"
)

# --- French, Spanish, Portuguese, Italian ------------------------------------------------------------------------
_PARTICLE = (
    r"(?:(?:de|du|des|del|della|dei|di|da|do|das|dos|la|las|le|les|los|el|à|aux?|et|e|y|en) |(?:l'|d'|dell') ?)"
)
_ROMANCE_CODE = r"(?:\d{5}(?:-\d{3})?|\d{4}-\d{3}|\d{2}\.\d{3}-\d{3})(?!\d)"
_ROMANCE_TAIL = (
    rf"(?:[, \n-]{{1,3}}(?:CEP:? ?)?(?:[A-Z]-)?{_ROMANCE_CODE}(?:[ ,]{{1,2}}{TOWN})?"
    rf"|[,\n-] ?{TOWN}{TOWN_END}| - {TOWN}){{0,3}}"
)
_FRENCH = re.compile(
    r"\d{1,4}(?: ?(?:bis|ter|quater|[A-D])(?!\w))?,? "
    r"(?:(?i:rue|avenue|boulevard|boul\.|bd\.?|chemin|impasse|allée|quai|faubourg|sentier)(?!\w)|"
    rf"(?i:place|route|cours|square|passage|av\.|villa|résidence)(?= (?:d|l|{CAPITAL})))"
    rf" (?:{_PARTICLE}){{0,3}}[\w'-]{{2,30}}(?: (?:{_PARTICLE}){{0,2}}{CAPITAL}[\w'-]{{1,30}}){{0,4}}"
    rf"{_ROMANCE_TAIL}"
)
_NUMBER_SIGN = r"(?:,? ?(?:n[°o]\.?|n\.|nr\.?|núm(?:ero)?\.?|numero)|,)? {0,2}"
_IBERIAN_SIGNS = _words(
    "calle avenida avda carrer rua travess praça alameda rodovia piazza viale glorieta c/ cl. av plaza pza paseo "
    "camino carretera ctra ronda estrada largo corso vicolo via r."
)
_IBERIAN_WORD = rf"(?:{_PARTICLE}){{0,3}}[\w'.-]{{2,30}}"
_IBERIAN_WORD_CAPITAL = rf"(?:{_PARTICLE}){{0,3}}(?!{MONTH}){CAPITAL}[\w'.-]{{1,30}}"
# There must be a blank between two words. Otherwise a long word is tried in every way of parting it, which takes
# minutes.
_IBERIAN_NAME = rf" {{0,2}}{_IBERIAN_WORD}(?: {{1,2}}{_IBERIAN_WORD}){{0,4}}?"
_IBERIAN_NAME_CAPITAL = rf" {{0,2}}{_IBERIAN_WORD_CAPITAL}(?: {{1,2}}{_IBERIAN_WORD_CAPITAL}){{0,4}}?"
_IBERIAN = re.compile(
    r"(?<!\w)(?:(?i:calle|avenida|avda\.?|carrer|rua|travessa|praça|alameda|travesía|rodovia|piazza|viale|glorieta)"
    rf"(?!\w){_IBERIAN_NAME}"
    r"|(?:(?i:c/|cl\.|av\.|plaza|pza\.?|paseo|camino|carretera|ctra\.?|ronda(?= de)|estrada|largo|corso|vicolo)"
    # "via" is English too: "via Twitter 5".
    r"|Via|Av|(?:(?<=in )|(?<=, ))via|R\.)"
    rf"{_IBERIAN_NAME_CAPITAL})"
    rf"{_NUMBER_SIGN}(?<![\d\w])\d{{1,5}} ?(?:[a-zA-Z](?!\w))?(?!\w|[.:,]\d)"
    rf"(?:,? ?(?:\d{{1,2}} ?[oa°](?!\w) ?(?:[A-Z](?!\w))?"
    rf"|(?i:piso|apto\.?|ap\.|bloco|andar|esc\.?|puerta|int\.?) ?\d{{1,4}}[A-Za-z]?(?!\w))){{0,3}}{_ROMANCE_TAIL}"
)

# --- what stands alone ------------------------------------------------------------------------------------------
_POSTCODE_SIGN = re.compile(r"\d ?[A-Z]{2}(?!\w)|\d{5}|\d[a-z]{2}(?!\w)")
_POSTCODES = re.compile(rf"(?<!\w)(?:{UK}|{UK_SMALL}|{TOWN}[, ]{{1,3}}(?:{STATES}),? {ZIP})")
_LONE = re.compile(
    r"(?<!\w)(?:p\.? ?o\.? ?box|postfach|bo[iî]te postale|apartado(?: de correos)?|caixa postal|postbus)"
    r" ?(?:n[°o]? ?)?\d[\d ]{0,7}\d?(?!\w)"
    r"|(?<!\w)(?:apt\.?|apartment|apto\.?|appartement|appt\.?|wohnung) ?#?\d{1,4}[A-Za-z]?(?!\w)"
    r"|(?<!\w)(?:zip(?: ?code)?|post(?:al)? ?code|plz|postleitzahl|code postal|c[oó]digo postal|cep)[ :#]{0,3}"
    rf"(?:(?:is|ist|es|est|é) )?(?P<code>{UK}|\d{{5}}-\d{{3,4}}|\d{{4}}-\d{{3}}|\d{{4,5}})(?!\w)",
    re.IGNORECASE,
)
_LONE_SIGNS = _words(
    "box postfach postale apartado postal postbus apt apartment apto appartement appt wohnung zip post plz cep"
)
_NAMED_SIGNS = _words(
    "address deliver adresse anschrift wohne habite direcci vivo live ship endere moro indirizzo"
)
_NAMED = re.compile(
    r"(?<!\w)(?<!email )(?<!mail )(?<!ip )(?<!web )(?i:address|i live at|we live at|ship to|deliver(?:ed)? to|"
    r"adresse|anschrift|wohne in|wohne|habite|direcci[oó]n|vivo en|endere[cç]o|moro n[ao]|indirizzo)"
    r"(?: is| ist| es| est| é)?[:, ]{1,3}(?:(?:at|to|in|au|en|la|na|no|à|la) )?"
    rf"(?P<place>(?:\d{{1,5}}[A-Za-z]?,? (?:(?:{_PARTICLE}){{0,2}}{CAPITAL_WORD}(?![\w'.-]),? ?){{1,6}}"
    rf"|(?:(?:{_PARTICLE}){{0,2}}(?!{MONTH}){CAPITAL_WORD} ){{1,5}}\d{{1,5}}[A-Za-z]?(?!\w))"
    rf"(?:,? ?{ZIP}(?: {TOWN})?|,? ?{UK})?)"
)


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Yields where postal addresses stand in a canonical text without links, in no order and possibly
    overlapping."""
    for start in _HOUSE_START.finditer(text):
        for street in (_ENGLISH, _FRENCH):
            if address := street.match(text, start.start()):
                yield _trimmed(text, _with_unit(text, address.start()), address.end())
    lower = text.lower()
    if _POSTCODE_SIGN.search(text):
        yield from _spans(_POSTCODES, text)
        yield from _spans(_WITH_POSTCODE, text)
    if _has(lower, _GERMAN_SIGNS):
        yield from _spans(_GERMAN, text)
    if _has(lower, _IBERIAN_SIGNS):
        yield from _spans(_IBERIAN, text)
    if _has(lower, _LONE_SIGNS):
        for match in _LONE.finditer(text):
            yield match.span("code" if match["code"] else 0)
    if _has(lower, _NAMED_SIGNS):
        for match in _NAMED.finditer(text):
            yield _trimmed(text, *match.span("place"))


def _has(lower: str, signs: tuple[str, ...]) -> bool:
    # Most posts hold none of these substrings, and the pattern costs ten times as much as looking for them.
    return any(sign in lower for sign in signs)


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (_trimmed(text, *match.span()) for match in pattern.finditer(text))


def _with_unit(text: str, start: int) -> int:
    """Returns where the flat before a house number starts, as in "Flat 3, 12 Main Street"."""
    left = max(0, start - _UNIT_REACH)
    unit = _UNIT_BEFORE.search(text[left:start])
    return left + unit.start() if unit else start


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    return start, start + len(text[start:end].rstrip(" ,.-\n"))
