"""Postal addresses in a text, as far as patterns reach: English, German, Spanish, French, Portuguese, and some
Italian and Dutch.

In: a plain text. Out: where they are. Never here: a list of towns; a place without a house number or a postcode is
nobody's address. Every repetition is bounded, so that the time is linear. (In a plain text, º and ª are o and a.)
"""

import re
from collections.abc import Iterable, Iterator

_CAPITAL = r"[A-ZÀ-ÖØ-ÞŒŠŽ]"
_CAPITAL_WORD = rf"{_CAPITAL}(?:[^\W\d_]|['.-]){{0,25}}"
_TOWN = rf"{_CAPITAL}[\w'-]{{1,25}}(?:(?: |-)(?:(?:am|an|der|im|sur|sous|de|del|do|da|la|le|les|upon|of) ){{0,2}}{_CAPITAL}[\w'-]{{1,25}}){{0,2}}"
_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|"
    "OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|Ohio|Texas|Florida|California"
)
_ZIP = r"\d{5}(?:-\d{4})?(?!\d)"
_UK_AREAS = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|"
    "G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|"
    "NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|"
    "WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
"""Postcode areas of Royal Mail."""
_UNITS = "GB|TB|HD|TH|ST|ND|RD|HR|HZ"
"""Endings that a size or an ordinal has and a postcode nearly never."""
_UK = rf"(?:{_UK_AREAS})\d[A-Z\d]? ?\d(?!{_UNITS})[ABD-HJLNP-UW-Z]{{2}}(?!\w)"

_UK_SMALL = rf"(?:{'|'.join(area.lower() for area in _UK_AREAS.split('|') if len(area) == 2)})" + (
    rf"\d[a-z\d]? ?\d(?!{_UNITS.lower()})[abd-hjlnp-uw-z]{{2}}(?!\w)"
)
"""In small letters, for areas of two letters: "m5 4th" is no postcode."""

# --- English: number, name, kind of street -----------------------------------------------------------------------
_NO_NAME = (
    r"(?!(?:a|an|the|of|on|in|at|to|for|from|by|off|and|or|but|with|per|my|your|our|his|her|their|this|that|these|"
    r"is|are|was|were|be|i|we|you|it|they|he|she|me|us|x|mins?|minutes?|hours?|hrs?|hr|days?|weeks?|months?|years?|yrs?|"
    r"seconds?|secs?|people|times?|miles?|km|kms|am|pm|th|more|less|other|different|star|stars|gb|tb|mb|"
    r"percent|dollars?|pounds?|euros?|bucks|ago|later|long|down|up|out|next|last|way|not|no|so|all|just|out|over|"
    r"points?|items?|orders?|flights?|trains?|cars?|lanes?|ft|feet|mph|kmh|kg|lbs|inch|inches|and|&)(?!\w))"
)
"""Words that are no part of a street's name: "20 minutes down the road"."""
_SURE = r"street|avenue|ave|boulevard|blvd|road|lane|terrace|terr|crescent|highway|hwy|parkway|pkwy"
_UNSURE = (
    "Street|Str|St|Avenue|Ave|Av|Boulevard|Blvd|Road|Rd|Lane|Ln|Terrace|Ter|Terr|Crescent|Cres|Highway|Hwy|Parkway|Pkwy|Drive|"
    "Dr|Court|Ct|Place|Pl|Square|Sq|Way|Close|Gardens|Gdns|Grove|Circle|Cir|Trail|Trl|Row|Mews|Hill|Quay|Wharf|"
    "Turnpike|Alley|Broadway|Esplanade|Vale|Crossing"
    # Also what people do and where they play: "2015 Pride Parade".
    "|(?:Parade|Walk|Park|Green|Loop|View|Rise|Plaza)(?=,)"
)
_SHORT = "st|rd|dr|ln|ct|cir|pl"
_NUMBER = r"(?:\d{1,5}[/-])?\d{1,5}[A-Za-z]?(?!\w) "
_NUMBER_COMMA = _NUMBER[:-1] + ",? "
_HOUSE_START = re.compile(r"[1-9](?<![\w.,:$€£#/-].)(?!4/7)(?=[\d/-]{0,11}[A-Za-z]?,? )")
"""Where English and French addresses start; far cheaper to search for than the whole."""
_COMPASS = r"(?:(?:[NSEWnsew]|[NS][EW]|North|South|East|West)\.? )?"
_UNIT = r"(?:apt|apartment|unit|suite|ste|flat|floor|room|rm)\.? ?#?(?:\d{1,5}[A-Za-z]?|[A-Za-z])(?!\w)"
_TOWN_END = r"(?=[ ,]{0,3}(?:$|[.;!?\n)\x00]|,))"
_UNIT_BEFORE = re.compile(rf"(?<!\w){_UNIT},? $", re.IGNORECASE)
_UNIT_REACH = 20
_ENGLISH_TAIL = (
    rf"(?:,? ?(?:(?i:{_UNIT})|# ?\d{{1,5}}[A-Za-z]?(?!\w)))?"
    rf"(?:[, \n]{{1,3}}(?:(?:{_TOWN})|(?:[a-z]{{3,20}} ?){{1,2}})(?:[, ]{{1,3}}(?i:{_STATES})(?!\w))?[., ]{{1,3}}(?:{_ZIP}|{_UK})"
    rf"|[, \n]{{1,3}}(?i:{_STATES})[., ]{{1,3}}{_ZIP}|[, \n]{{1,3}}(?:{_ZIP}|{_UK})"
    rf"|[,\n] ?{_TOWN}(?:, ?{_TOWN}){{0,2}}(?:, ?(?:{_STATES})(?!\w))?{_TOWN_END}"
    r"){0,2}"
)
_ENGLISH = re.compile(
    rf"{_NUMBER}{_COMPASS}"
    rf"(?:(?i:{_NO_NAME})(?:[A-Z][\w'.-]{{0,25}}|\d{{1,3}}(?:st|nd|rd|th)?) ){{1,4}}(?:{_UNSURE})(?!\w)\.?(?: [NSEW]{{1,2}}(?!\w))?{_ENGLISH_TAIL}"
    rf"|{_NUMBER_COMMA}{_COMPASS}"
    rf"(?:(?i:{_NO_NAME})[\w'.-]{{2,25}} ){{1,3}}(?i:{_SURE})(?!\w)\.?{_ENGLISH_TAIL}"
    rf"|\d{{2,5}} {_COMPASS}"
    rf"(?:(?i:{_NO_NAME})(?:[a-z][\w'.-]{{2,25}}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,2}}(?:{_SHORT})(?!\w)(?=[,.\n]|$| apt| unit| #){_ENGLISH_TAIL}"
)

# --- German and Dutch: name, number ------------------------------------------------------------------------------
_HOUSE = r" {0,2}(?:nr\.? ?)?\d{1,4} ?(?:[a-zA-Z](?!\w))?(?: ?[-/] ?\d{1,4}[a-zA-Z]?)?(?!\w)"
_GERMAN_TAIL = rf"(?:[,\n]? ?(?:[A-Z]{{1,2}}-)?(?:\d{{5}}|\d{{4}}(?: ?[A-Z]{{2}}(?!\w))?) {_TOWN}|, ?{_TOWN}{_TOWN_END})?"
_GERMAN = re.compile(
    rf"(?<![\w-])(?:(?:{_CAPITAL}[\w.-]{{1,30}} ){{0,2}}(?:{_CAPITAL}[\w-]{{1,30}}[ -])?(?i:straße|strasse|str\.)"
    rf"|[\w-]{{2,30}}(?:straße|strasse|str\.?|gasse|straat)|{_CAPITAL}[\w-]{{1,30}}(?:weg|platz|allee|damm|ufer|chaussee|laan|plein|gracht|kade|dijk)"
    rf"|(?:{_CAPITAL}[\w-]{{1,30}} )?(?:Weg|Platz|Allee|Chaussee))"
    rf"{_HOUSE}{_GERMAN_TAIL}"
)
_GERMAN_SIGNS = (
    ["straße", "strasse", "str.", "gasse", "straat", "weg", "platz", "allee", "damm", "ufer", "chaussee", "laan", "plein", "gracht", "kade", "dijk"]
)
_WITH_POSTCODE = re.compile(
    rf"(?<![\w-])(?!(?:den|der|dem|de|la|van) )(?:{_CAPITAL}[\w'.-]{{1,30}} |(?:den|der|dem|im|am|zum|zur|de|la|van) ){{1,4}}{_HOUSE}(?:,? ?\n?(?:[A-Z]{{1,2}}-)?\d{{5}}|, ?\n?\d{{4}} ?[A-Z]{{2}}) {_TOWN}"
)

# --- French, Spanish, Portuguese, Italian ------------------------------------------------------------------------
_PARTICLE = r"(?:(?:de|du|des|del|della|dei|di|da|do|das|dos|la|las|le|les|los|el|l'|d'|à|aux?|et|e|y|dell'|en)[ ]?)"
_ROMANCE_TAIL = rf"(?:[, \n-]{{1,3}}(?:CEP:? ?)?(?:[A-Z]-)?(?:\d{{5}}(?:-\d{{3}})?|\d{{4}}-\d{{3}}|\d{{2}}\.\d{{3}}-\d{{3}})(?!\d)(?:[ ,]{{1,2}}{_TOWN})?|[,\n-] ?{_TOWN}{_TOWN_END}| - {_TOWN}){{0,3}}"
_FRENCH = re.compile(
    r"\d{1,4}(?: ?(?:bis|ter|quater|[A-D])(?!\w))?,? "
    r"(?:(?i:rue|avenue|boulevard|boul\.|bd\.?|chemin|impasse|allée|quai|faubourg|sentier)(?!\w)|"
    rf"(?i:place|route|cours|square|passage|av\.|villa|résidence)(?= (?:d|l|{_CAPITAL})))"
    rf" (?:{_PARTICLE}){{0,3}}[\w'-]{{2,30}}(?: (?:{_PARTICLE}){{0,2}}{_CAPITAL}[\w'-]{{1,30}}){{0,4}}{_ROMANCE_TAIL}"
)
_NUMBER_SIGN = r"(?:,? ?(?:n[°o]\.?|n\.|nr\.?|núm(?:ero)?\.?|numero)|,)? {0,2}"
_IBERIAN_SIGNS = (
    *["calle", "avenida", "avda", "carrer", "rua", "travess", "praça", "alameda", "rodovia", "piazza", "viale", "glorieta", "c/", "cl.", "av", "plaza", "pza", "paseo"],
    *["camino", "carretera", "ctra", "ronda", "estrada", "largo", "corso", "vicolo"],
    "via ",
    "r. ",
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.? \d"
)
_IBERIAN_NAME = rf"(?: {{0,2}}(?:{_PARTICLE}){{0,3}}[\w'.-]{{2,30}}){{1,5}}?"
_IBERIAN_NAME_CAPITAL = rf"(?: {{0,2}}(?:{_PARTICLE}){{0,3}}(?!{_MONTH}){_CAPITAL}[\w'.-]{{1,30}}){{1,5}}?"
_IBERIAN = re.compile(
    rf"(?<!\w)(?:(?i:calle|avenida|avda\.?|carrer|rua|travessa|praça|alameda|travesía|rodovia|piazza|viale|glorieta)(?!\w){_IBERIAN_NAME}"
    rf"|(?:(?i:c/|cl\.|av\.|plaza|pza\.?|paseo|camino|carretera|ctra\.?|ronda(?= de)|estrada|largo|corso|vicolo)|Via|Av|(?:(?<=in )|(?<=, ))via|R\.)"
    rf"{_IBERIAN_NAME_CAPITAL})"
    rf"{_NUMBER_SIGN}(?<![\d\w])\d{{1,5}} ?(?:[a-zA-Z](?!\w))?(?!\w|[.:,]\d)"
    rf"(?:,? ?(?:\d{{1,2}} ?[oa°](?!\w) ?(?:[A-Z](?!\w))?|(?i:piso|apto\.?|ap\.|bloco|andar|esc\.?|puerta|int\.?) ?\d{{1,4}}[A-Za-z]?(?!\w))){{0,3}}{_ROMANCE_TAIL}"
)

# --- what stands alone ------------------------------------------------------------------------------------------
_POSTCODE_SIGN = re.compile(r"\d ?[A-Z]{2}(?!\w)|\d{5}|\d[a-z]{2}(?!\w)")
_POSTCODES = re.compile(rf"(?<!\w)(?:{_UK}|{_UK_SMALL}|{_TOWN}[, ]{{1,3}}(?:{_STATES}),? {_ZIP})")
_LONE = re.compile(
    r"(?<!\w)(?:p\.? ?o\.? ?box|postfach|bo[iî]te postale|apartado(?: de correos)?|caixa postal|postbus)"
    r" ?(?:n[°o]? ?)?\d[\d ]{0,7}\d?(?!\w)"
    r"|(?<!\w)(?:apt\.?|apartment|apto\.?|appartement|appt\.?|wohnung) ?#?\d{1,4}[A-Za-z]?(?!\w)"
    r"|(?<!\w)(?:zip(?: ?code)?|post(?:al)? ?code|plz|postleitzahl|code postal|c[oó]digo postal|cep)[ :#]{0,3}"
    rf"(?:(?:is|ist|es|est|é) )?(?P<code>{_UK}|\d{{5}}-\d{{3,4}}|\d{{4}}-\d{{3}}|\d{{4,5}})(?!\w)",
    re.IGNORECASE,
)
_LONE_SIGNS = (
    ["box", "postfach", "postale", "apartado", "postal", "postbus", "apt", "apartment", "apto", "appartement", "appt", "wohnung", "zip", "post", "plz", "cep"]
)
_NAMED_SIGNS = (
    *["address", "deliver", "adresse", "anschrift", "wohne", "habite", "direcci", "endere", "indirizzo"],
    *("live at", "ship to", "vivo en", "moro n"),
)
_NAMED = re.compile(
    r"(?<!\w)(?<!email )(?<!mail )(?<!ip )(?<!web )(?i:address|i live at|we live at|ship to|deliver(?:ed)? to|adresse|anschrift|"
    r"wohne in|wohne|habite|direcci[oó]n|vivo en|endere[cç]o|moro n[ao]|indirizzo)(?: is| ist| es| est| é)?"
    r"[:, ]{1,3}(?:(?:at|to|in|au|en|la|na|no|à|la) )?"
    rf"(?P<place>(?:\d{{1,5}}[A-Za-z]?,? (?:(?:{_PARTICLE}){{0,2}}{_CAPITAL_WORD},? ?){{1,6}}"
    rf"|(?:(?:{_PARTICLE}){{0,2}}(?!{_MONTH}){_CAPITAL_WORD} ){{1,5}}\d{{1,5}}[A-Za-z]?(?!\w))"
    rf"(?:,? ?{_ZIP}(?: {_TOWN})?|,? ?{_UK})?)"
)


def find_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where postal addresses are in a plain text without links; in no order, possibly overlapping."""
    for start in _HOUSE_START.finditer(text):
        for street in (_ENGLISH, _FRENCH):
            if found := street.match(text, start.start()):
                yield _trimmed(text, _with_unit(text, found.start()), found.end())
    lower = text.lower()
    if _POSTCODE_SIGN.search(text):
        yield from _spans(_POSTCODES, text)
        yield from _spans(_WITH_POSTCODE, text)
    if _has(lower, _GERMAN_SIGNS):
        yield from _spans(_GERMAN, text)
    if _has(lower, _IBERIAN_SIGNS):
        yield from _spans(_IBERIAN, text)
    if _has(lower, _LONE_SIGNS):
        for found in _LONE.finditer(text):
            yield found.span("code" if found["code"] else 0)
    if _has(lower, _NAMED_SIGNS):
        for found in _NAMED.finditer(text):
            yield _trimmed(text, *found.span("place"))


def _has(lower: str, signs: Iterable[str]) -> bool:
    # Substrings first: most posts have none of them, and each pattern costs ten times as much.
    return any(sign in lower for sign in signs)


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (_trimmed(text, *found.span()) for found in pattern.finditer(text))


def _with_unit(text: str, start: int) -> int:
    """The start of the flat before a house number: "Flat 3, 12 Main Street"."""
    left = max(0, start - _UNIT_REACH)
    unit = _UNIT_BEFORE.search(text[left:start])
    return left + unit.start() if unit else start


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    return start, start + len(text[start:end].rstrip(" ,.-\n"))
