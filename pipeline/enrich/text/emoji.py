"""Spells emoji as the marks and words that the sentiment model has seen.

It does not judge sentiment. The training posts (SemEval 2013-2016) are plain ASCII and MiniLM's vocabulary has no
emoji, so an emoji would reach the model as `[UNK]`. Faces and hearts become the ASCII emoticon or chat word of the
same meaning, which the training posts do contain; every other pictograph becomes its Unicode name.
"""

import unicodedata
from functools import lru_cache

_SPELLINGS: dict[str, str] = {
    ":)": "🙂☺😊😌😇🤗😸😺👼",
    ":D": "😀😃😄😁😆😅🤩🥳",
    ";)": "😉",
    ":P": "😛😜😝🤪😋",
    ":*": "😘😗😙😚💋",
    "lol": "😂🤣😹",
    "<3": "❤♥💕💖💗💓💞💘💝💙💚💛💜🧡🖤🤍🤎💟❣",
    "love it <3": "😍🥰😻",
    "cool :)": "😎",
    ":(": "🙁☹😞😟😔😕😣😖😿😥😓",
    ":'(": "😢😭",
    "ugh :(": "😩😫😒🙄😑😤😪",
    "angry >:(": "😠😡🤬👿😾",
    "disgusting": "🤢🤮",
    "wow": "😮😯😲",
    "scared": "😨😱😰😧😦",
    "broken heart :(": "💔",
    "good": "👍👌",
    "bad": "👎",
    "bravo": "👏🙌",
    "thanks": "🙏",
    "facepalm": "🤦",
    "shrug": "🤷",
    "hmm": "🤔🤨",
    "shit": "💩",
}
_BY_CHARACTER = {mark: spelling for spelling, marks in _SPELLINGS.items() for mark in marks}

_SKIN_TONES = range(0x1F3FB, 0x1F400)
_PICTOGRAPHS = (range(0x2600, 0x27C0), range(0x2B00, 0x2C00), range(0x1F300, 0x1FB00))
"""Unicode blocks from Miscellaneous Symbols to Symbols and Pictographs Extended-A."""

_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)


@lru_cache(maxsize=4096)
def spell(character: str) -> str | None:
    """Returns the spelling of a pictograph, or None for any other character.

    A skin tone is spelled as nothing, because it says who somebody is and not how they feel. A flag letter is
    spelled as the letter.
    """
    if (spelling := _BY_CHARACTER.get(character)) is not None:
        return spelling
    code = ord(character)
    if code in _SKIN_TONES:
        return ""
    if code in _REGIONAL_INDICATORS:
        return chr(ord("a") + code - _REGIONAL_INDICATORS.start)
    if any(code in block for block in _PICTOGRAPHS):
        return unicodedata.name(character, "").lower()
    return None
