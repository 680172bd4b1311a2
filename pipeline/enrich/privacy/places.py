"""Words and codes by which towns, states and postcodes are recognised: the parts of the patterns of addresses.

They are pieces of regular expressions, and every repetition in them is bounded. There is no list of towns.
"""

CAPITAL = r"[A-ZÀ-ÖØ-ÞŒŠŽ]"
CAPITAL_WORD = rf"{CAPITAL}(?:[^\W\d_]|['.-]){{0,25}}"
_TOWN_WORD = rf"{CAPITAL}[\w'-]{{1,25}}"
_TOWN_LINK = r"(?:am|an|der|im|sur|sous|de|del|do|da|la|le|les|upon|of)"
TOWN = rf"{_TOWN_WORD}(?:[ -](?:{_TOWN_LINK} ){{0,2}}{_TOWN_WORD}){{0,2}}"
TOWN_END = r"(?=[ ,]{0,3}(?:$|[,.;!?\n)\x00]))"
"""A town without a postcode counts only where a part of a sentence ends, because "Thanks" is no town in "12 Main
Street, Thanks a lot"."""
STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|"
    "OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|Ohio|Texas|Florida|California"
)
ZIP = r"\d{5}(?:-\d{4})?(?!\d)"
_UK_AREAS = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|"
    "FY|G|GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|"
    "NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|"
    "UB|W|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE"
)
"""Postcode areas of Royal Mail."""
_UNITS = "GB|TB|HD|TH|ST|ND|RD|HR|HZ"
"""Endings that a size or an ordinal has and a postcode nearly never has."""
UK = rf"(?:{_UK_AREAS})\d[A-Z\d]? ?\d(?!{_UNITS})[ABD-HJLNP-UW-Z]{{2}}(?!\w)"

UK_SMALL = rf"(?:{'|'.join(area.lower() for area in _UK_AREAS.split('|') if len(area) == 2)})" + (
    rf"\d[a-z\d]? ?\d(?!{_UNITS.lower()})[abd-hjlnp-uw-z]{{2}}(?!\w)"
)
"""A postcode in small letters. It counts only for areas of two letters, because "m5 4th" is no postcode."""

MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.? \d"
)
"""A month and a day, which tell dates and events from streets: "Wembley July 16" is no address."""
