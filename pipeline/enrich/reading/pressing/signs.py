"""Words and pairs of words that speak for or against a matter that cannot wait, as numbers for the head.

A sign is 0 or 1, and none decides alone, because the head weighs each together with the embedding. The words are
English, as the model is. One pass over the words of a text looks up each word and each pair of neighbours, so that
the cost hardly grows with the lists. Whoever changes a list trains the head again (`pipeline.train.pressing`).
"""

import re
from collections.abc import Mapping

from pipeline.enrich.reading.linear import ends_of

WORDS: Mapping[str, str] = {
    "now": "now asap immediately urgent urgently emergency",
    "today": (
        "today tonight tonite tomorrow tmrw morning afternoon evening minutes mins min hours hour hrs hr 24hrs"
    ),
    "still": "still yet again since",
    "journey": (
        "flight flights flt train trains airport gate gates boarding board boarded luggage baggage bag bags "
        "station platform tarmac runway plane connection passenger passengers stranded departure depart "
        "departed departing seat seats standby ticket tickets esta passport pilot crew captain deplaned "
        "standstill"
    ),
    "ride": "driver drivers ride taxi cab uber pickup trip car",
    "held up": (
        "delay delays delayed cancelled canceled cancels stuck strand stranded standstill missed missing "
        "waiting waited wait late held hold queue line diverted frozen"
    ),
    "cut off": "outage outages disconnected offline down server servers",
    "service": (
        "internet wifi wi-fi service signal network cable connection data power phone phones channels router "
        "modem lte"
    ),
    "account": (
        "account hacked hijacked locked suspended disabled deactivated blocked login log logging logged "
        "password 2fa verification declined access unable cant can't"
    ),
    "fraud": (
        "fraud fraudulent fraudulently stole stolen steal stealing theft scam unauthorized unauthorised "
        "someone somebody crime false never hacked"
    ),
    "delivery": (
        "delivery deliver delivered delivering package packages parcel order orders ordered arrive arrived "
        "arriving shipped shipping courier tracking received receive"
    ),
    "danger": (
        "hospital er hurt injury injured gun knife assault assaulted assaulting police allergy allergic "
        "allergies sick pain poison poisoning mould mold mouldy plastic glass bone nuts threat threaten "
        "threatened unsafe safety scared touch touched touching accident crashed bleeding dangerous harassed "
        "harassment died blind"
    ),
    "lost item": "left lost forgot",
    "plea": "help please pls plz need sos",
    "question": "where when what how why",
    "money": "refund refunded charged charge money debit debited payment payments paid pay bank card transfer",
    "software": (
        "ios update updated updates upgrade upgraded app apps feature features version game games xbox ps4 "
        "psn playlist playlists spotify battery iphone screen code codes download downloaded bug bugs "
        "keyboard emoji emojis album song songs music setting settings"
    ),
    "opinion": (
        "worst best terrible awful horrible rude disappointed disappointing suck sucks trash garbage joke "
        "disgrace disgraceful love great thanks thank amazing lol haha kudos awesome"
    ),
    "consequence": (
        "work school homework exam presentation meeting wedding funeral birthday party baby kid kids son "
        "daughter mum mom elderly disabled catch home friend wife husband brother miss"
    ),
    "past": "yesterday ago week weeks month months year years last",
    "counter": "customer rep reps agent agents supervisor support",
}
"""Signs by name with their words."""
PAIRS: Mapping[str, str] = {
    "cut off": (
        "no internet, no service, no signal, no wifi, no network, no power, no cable, no phone, no data, "
        "without internet, without service, without power, lost internet, lost service, internet down, "
        "internet is, network is, service back, out again, not working, isn't working, doesn't work, not "
        "loading, barely working"
    ),
    "lost item": "left my, lost my, forgot my, left his, lost his, left our, left them, lost and",
    "what now": (
        "what should, what can, what do, should i, should we, can i, can we, how can, going on, what's "
        "happening, whats happening, any updates, any update, any news, any idea"
    ),
    "not come": (
        "not arrived, not received, not delivered, not dlvd, never arrived, never received, never came, never "
        "showed, never got, didn't arrive, didn't receive, didn't come, didn't show, hasn't arrived, haven't "
        "received, even show, no show, not here, not there, still waiting, where's my, wheres my, where is, "
        "says delivered, delivered but, out for, nothing since, failed delivery"
    ),
    "locked out": (
        "log in, logging in, locked out, logged out, can't access, can't login, can't log, my account, my "
        "card, my password, my phone"
    ),
    "changed by others": (
        "someone changed, someone got, someone keeps, someone else, somebody else, never placed, never made, "
        "never ordered, didn't sign, charged me, my number"
    ),
    "waits": "on hold, in line, sitting at, sitting in, sitting on, waiting at, off the, on the",
}
"""Signs by name with pairs of neighbouring words. A name that is above too is the same sign."""

_NAMES = tuple(dict.fromkeys((*WORDS, *PAIRS)))
PRESSING_SIGNS = (*_NAMES, "time of day", "number of a journey", "price", "question mark")
"""The names of the signs, in the order of the numbers."""

_WORD = re.compile(r"[a-z0-9][a-z0-9'-]*")
_TIME_OF_DAY = re.compile(r"\d{1,2}[:.]\d\d|\d{1,2} ?[ap]m\b")
_JOURNEY_NUMBER = re.compile(r"\b[a-z]{0,2}\d{3,4}\b")
_PRICE = re.compile("[$£€]")


def _by_word() -> Mapping[str, tuple[int, ...]]:
    """Returns each word, and each pair with a blank between, with the numbers of its signs."""
    found: dict[str, tuple[int, ...]] = {}
    for name, words in WORDS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), _NAMES.index(name))
    for name, pairs in PAIRS.items():
        for pair in pairs.split(", "):
            found[pair] = (*found.get(pair, ()), _NAMES.index(name))
    return found


_BY_WORD = _by_word()


def pressing_signs(text: str) -> list[float]:
    """Returns the `PRESSING_SIGNS` of a normalised text, each 0 or 1."""
    text = ends_of(text)
    signs = [0.0] * len(_NAMES)
    before = ""
    for word in _WORD.findall(text):
        for number in (*_BY_WORD.get(word, ()), *_BY_WORD.get(f"{before} {word}", ())):
            signs[number] = 1.0
        before = word
    others = (_TIME_OF_DAY.search(text), _JOURNEY_NUMBER.search(text), _PRICE.search(text), "?" in text or None)
    return [*signs, *(float(sign is not None) for sign in others)]
