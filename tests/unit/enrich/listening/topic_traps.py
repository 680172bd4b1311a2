"""Posts in which listening topics are planted, and traps that look like them: the truth is known by making.

In: a seed. Out: topics, and posts with the names of the topics that they concern. Never here: how they are found.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from schemas.policy.policy import ListeningTopic


class Case(NamedTuple):
    """A topic, pieces of text that concern it, and pieces that seem to."""

    topic: ListeningTopic
    finds: tuple[str, ...]
    misses: tuple[str, ...]


class Post(NamedTuple):
    """A post, and what it concerns."""

    text: str
    topics: frozenset[str]


def _case(name: str, queries: list[str], finds: list[str], misses: list[str], **more: list[str]) -> Case:
    topic = ListeningTopic.model_validate({"name": name, "any": queries, **more})
    return Case(topic, tuple(finds), tuple(misses))


CASES = (
    # whole words, not parts of others
    _case("brand", ["acme"], ["acme", "ACME's", "Acme’s", "@acme", "#acme", "acme-fan", "Acme™", "acme.com",
          "*acme*", "_acme_", "«Acme»", "ａｃｍｅ", "ac\u00adme", "https://acme.com/help"],
          ["acmes", "acmeology", "pacme", "bacmeter", "acme1", "#acmeology", "@acmeteam"]),
    _case("art", ["art"], ["art", "Art!", "#art", "art/design"], ["start", "party", "artist", "smart", "carte"]),
    _case("won", ["won"], ["won", "WON", "just-won"], ["won't", "won’t", "WON'T", "wonder", "won&#39;t"]),
    _case("plane", ["a380"], ["A380", "a380's", "#A380"], ["a38", "a3800", "xa380"]),
    # phrases, also glued together in hashtags
    _case("down", ["zorg down"], ["zorg down", "ZORG, down", "Zorg: DOWN", "zorg\ndown", "#ZorgDown", "#zorgdown",
          "#ZORGDown", "#ZorgDownAgain", "#zorg_down", "#TheZorgDown2026", "“Zorg” down"],
          ["zorg is down", "down zorg", "zorg downs", "#ZorgUp", "#zorgdowny", "zorgdown", "zorg x down"]),
    _case("video", ["vidtube"], ["#VidTubeFail", "#vidtube", "VidTube", "#MyVidTube"],
          ["#VidTubes", "vid tube", "#avidtubes"]),
    _case("hyphen", ["wi-fi"], ["wi-fi", "Wi Fi", "#wifi", "WI‑FI"], ["wife", "wi-fish"]),
    # only with their sign
    _case("tag", ["#klimt"], ["#klimt", "#KLIMT", "＃klimt", "(#Klimt)", "#vienna#klimt"],
          ["klimt", "@klimt", "#klimts", "#KlimtShow", "x#klimt"]),
    _case("handle", ["@zipcare"], ["@zipcare", "@ZipCare:", ".@zipcare", "@zipcare.", "＠zipcare"],
          ["zipcare", "#zipcare", "@zipcare1", "@zipcare_uk", "me@zipcare.example"]),
    # diacritics
    _case("cafe", ["brulee"], ["brûlée", "brulee", "BRÛLÉE", "bru\u0302le\u0301e"], ["brulees", "brule"]),
    _case("anno", ["año"], ["año", "AÑO", "an\u0303o"], ["ano", "años", "anno"]),
    _case("lodz", ["lodz"], ["Łódź", "lodz", "ŁÓDŹ"], ["Łodzia"]),
    _case("street", ["hauptstraße"], ["Hauptstrasse", "HAUPTSTRASSE", "Hauptstraße"], ["Hauptstr", "Nebenstraße"]),
    _case("istanbul", ["istanbul"], ["İSTANBUL", "İstanbul", "ISTANBUL", "istanbul"], ["istanbullu"]),
    # marks and emoji
    _case("fire", ["🔥"], ["🔥", "🔥🔥", "so🔥hot", "🔥\ufe0f"], ["❤️‍🔥", "💥", "🚒"]),
    _case("bravo", ["👏"], ["👏🏽", "👏", "👏🏿👏🏿"], ["🙌", "👍🏽"]),
    _case("shrug", ["🤷‍♀️"], ["🤷", "🤷🏼‍♂️", "🤷‍♀️"], ["🤦", "🙋‍♀️"]),
    _case("heart", ["❤️"], ["❤", "❤️", "I❤️NY"], ["💔", "🧡", "❤️‍🩹"]),
    _case("flag", ["🇺🇦"], ["🇺🇦", "🇵🇱🇺🇦"], ["🇦🇺", "🇺🇸", "🇺🇸🇦🇹"]),
    _case("phone-firm", ["qx&z"], ["QX&Z", "qx & z", "qx&amp;z", "(QX&Z)"],
          ["qx z", "qx and z", "aqx&z", "qx&zed"]),
    _case("language", ["d++"], ["D++", "d++!", "(d++)"], ["d+", "add++"]),
    # near
    _case("lost-bag", ['"lost luggage"~4'], ["lost my luggage", "luggage was again lost", "lost luggage",
          "Luggage, totally, completely LOST"],
          ["lost all hope while my dear luggage", "luggages lost", "lost", "luggage"]),
    _case("three", ['"gate closed early"~6'], ["early they closed the gate", "closed: gate so very early"],
          ["gate closed", "gate was one two three four five six closed early"]),
    # other scripts
    _case("arabic", ["حريق"], ["حريق", "حَرِيق", "حــريق", "#حريق"], ["حرائق", "الحريقة", "حريقة"]),
    _case("ahmad", ["احمد"], ["أحمد", "احمد", "أَحْمَد"], ["احمدي", "محمد"]),
    _case("hindi", ["आग"], ["आग", "#आग", "आग!"], ["आगरा", "भाग", "आगे"]),
    _case("pani", ["पानी"], ["पानी", "पानी।"], ["पान", "पानीपत"]),
    _case("thai", ["ไฟไหม้"], ["บ้านไฟไหม้แล้ว", "ไฟไหม้"], ["ไฟฟ้า", "ไหม"]),
    _case("japanese", ["火事"], ["家が火事です", "#火事", "火事！"], ["火曜日の仕事", "事火"]),
    _case("kana", ["ガス"], ["ガス", "ｶﾞｽ", "都市ガスは", "カ\u3099ス"], ["カス", "ガラス"]),
    _case("latin-in-kana", ["qpay"], ["最近QPay技術", "QPayが使えない"], ["QPayment", "最近のQPays"]),
    _case("chinese", ["退款"], ["我要退款现在", "退款"], ["退货付款", "款退"]),
    _case("korean", ["환불"], ["환불", "환불을", "환불이", "환불해주세요", "환불은요", "#환불", "환불입니다"],
          ["환불원정대", "교환불가", "환율"]),
    _case("car", ["차"], ["차가", "차를", "차"], ["차이", "기차가", "차별"]),
    _case("latin-in-hangul", ["zappo"], ["Zappo가", "zappo는"], ["zappos", "Zappoz가"]),
    _case("russian", ["пожар"], ["ПОЖАР", "пожар", "#Пожар"], ["пожарный", "пожары"]),
    _case("yo", ["елка"], ["ёлка", "ЁЛКА", "елка"], ["белка", "елкам"]),
    _case("greek", ["φωτια"], ["Φωτιά", "ΦΩΤΙΑ", "φωτιά"], ["φωτιές"]),
    _case("hebrew", ["שריפה"], ["שריפה", "שְׂרִיפָה"], ["שריפות"]),
    _case("vietnamese", ["hoan tien"], ["hoàn tiền", "HOÀN TIỀN", "hoan tien"], ["hoàn toàn", "tiền hoàn"]),
    # negation, and all of several
    _case("apple", ["apfel"], ["apfel am baum", "#apfel"], ["apfel mit kuchen", "kuchen apfel", "#ApfelKuchen"],
          none=["kuchen"]),
    _case("jaguar", ["jaguar"], ["jaguar dealer", "my Jaguar"], ["jaguar habitat", "habitat of a jaguar"],
          none=['"jaguar habitat"~3', "zoo"]),
    _case("both", [], ["voyager app with a long crash", "crash!! #voyager"], ["voyager", "crash"],
          all=["voyager", "crash"]),
    _case("any-and-all", ["engine", "motor"], ["engine in my kombi", "KOMBI motor"], ["engine", "kombi", "motor"],
          all=["kombi"]),
)  # fmt: skip

_FILLERS = (
    "the a my your our it was so really today again please help me with this order since monday and nobody "
    "answers waiting for days thanks anyway das ist nicht gut heute bitte hilfe por favor ayuda hoy merci "
    "beaucoup pas bien очень плохо сегодня قال اليوم जी नहीं 오늘 정말 😀 !!! ... #help @someone 2026 https://t.co/Ab3dE"
)
_BEFORE, _AFTER = ("", "", "", "(", '"', "“", "¡", "…"), ("", "", "", ")", '"', "!", "?!", ",", "…", ":")
_LETTERS = "bcdfghjklmnpqrtvwxyzßéñłжпю"
_NOTHING = ("", "", "\u200b", "\u00ad", "\u200d")
"""Characters without a glyph, which count as nothing."""
_APART = 8
"""Fillers between two pieces: more than any query's words may be apart."""


def posts(seed: int, count: int) -> Iterator[Post]:
    """So many posts, each with up to three pieces of different topics among other words."""
    random = Random(seed)
    for _ in range(count):
        cases = random.sample(CASES, random.randint(0, 3))
        words, concerned = _fillers(random), set()
        for case in cases:
            hit = random.random() < 0.5
            if hit:
                concerned.add(case.topic.name)
            piece = _piece(case, hit, random)
            words += [f"{random.choice(_BEFORE)}{piece}{random.choice(_AFTER)}", *_fillers(random)]
        yield Post(" ".join(words), frozenset(concerned))


def _piece(case: Case, hit: bool, random: Random) -> str:
    """One of the case's pieces, or for a plain word of Latin letters one that is made up."""
    word = case.topic.any[0] if len(case.topic.any) == 1 and not case.topic.all and not case.topic.none else ""
    if not (word.isascii() and word.isalpha()) or random.random() < 0.5:
        return random.choice(case.finds if hit else case.misses)
    if hit:
        letters = [random.choice((letter, letter.upper(), _wide(letter))) for letter in word]
        spelled = random.choice(_NOTHING).join(letters)
        return random.choice(("", "#", "@", "-", "'", "—")) + spelled + random.choice(("", "'s", "-", ".", "。"))
    before, after = random.choice(((1, 0), (0, 1), (1, 1), (2, 0), (0, 3)))
    glued = [random.choice(_LETTERS) for _ in range(before)], word, [random.choice(_LETTERS) for _ in range(after)]
    return random.choice(("", "#", "@")) + "".join("".join(part) for part in glued)


def _wide(letter: str) -> str:
    return chr(ord(letter) + 0xFEE0)


def _fillers(random: Random) -> list[str]:
    words = _FILLERS.split()
    return [random.choice(words) for _ in range(random.randint(_APART, _APART + 6))]
