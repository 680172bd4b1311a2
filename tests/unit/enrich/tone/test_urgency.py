import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.tone.phrases import plain_words, urgency_phrases
from pipeline.enrich.tone.urgency import GRADES, NOT_URGENT, Urgency, urgency_of

WORDS = st.lists(
    st.sampled_from(["my", "order", "arrived", "on", "time", "and", "i", "like", "the", "shop"]), max_size=12
)
PHRASE = st.sampled_from([(kind, phrase) for kind in GRADES for phrase in urgency_phrases().by_kind[kind]])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("There is SMOKE in the cabin!", "safety"),
        ("The engine is on fire", "safety"),
        ("your charger gave me an electric shock", "safety"),
        ("Es brennt in eurem Laden", "safety"),
        ("Hay fuga de gas en el edificio", "safety"),
        ("ça sent le gaz dans l’immeuble", "safety"),
        ("O carregador pegou fogo", "safety"),
        ("I don't want to live any more", "self-harm"),
        ("ich will nicht mehr leben", "self-harm"),
        ("ya no quiero vivir", "self-harm"),
        ("j'ai envie de mourir", "self-harm"),
        ("não quero mais viver", "self-harm"),
        ("We've been stranded for 9 hours", "stranded"),
        ("so #stranded", "stranded"),
        ("Wir sitzen fest in Lyon", "stranded"),
        ("estamos varados sin hotel", "stranded"),
        ("bloqués à l'aéroport depuis hier", "stranded"),
        ("estou preso no aeroporto", "stranded"),
        ("my account was hacked", "fraud"),
        ("Das ist doch Betrug", "fraud"),
        ("me robaron la tarjeta", "fraud"),
        ("victime d'une arnaque", "fraud"),
        ("cartão clonado ontem", "fraud"),
        ("is there an outage in my area?", "outage"),
        ("Stromausfall seit 3 Stunden", "outage"),
        ("no hay luz desde ayer", "outage"),
        ("plus d'internet depuis lundi", "outage"),
        ("estou sem internet", "outage"),
        ("You will hear from my lawyer", "legal"),
        ("mein Anwalt meldet sich", "legal"),
        ("los voy a demandar", "legal"),
        ("je vais porter plainte", "legal"),
        ("vou no Procon", "legal"),
        ("they cancelled my flight", "cancelled"),
        ("Mein Zug fällt aus", "cancelled"),
        ("vuelo cancelado", "cancelled"),
        ("vol annulé", "cancelled"),
        ("meu voo foi cancelado", "cancelled"),
    ],
)
def test_each_kind_is_told_in_five_languages(text: str, kind: str) -> None:
    found = urgency_of(text)
    assert kind in found.kinds
    assert found.score >= 0.7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "thank you, all is well",
        "no smoke, no problem",
        "there was never any smoke",
        "it is not dangerous",
        "it isn't at all dangerous",
        "my flight was not cancelled",
        "Das ist kein Betrug",
        "no es peligroso",
        "ce n'est pas une arnaque",
        "não é golpe",
    ],
)
def test_what_is_denied_is_not_urgent(text: str) -> None:
    assert urgency_of(text) == NOT_URGENT


@pytest.mark.parametrize(
    "text",
    [
        "no joke, this is dangerous",
        "No. There is smoke.",
        "no help and stranded",
        "no smoke but it is dangerous",
        "cancelled without notice",
        "not only late, it is dangerous too",
        "Not cool. Flight cancelled.",
        "vuelo cancelado sin aviso",
        "no answer, stranded here",
    ],
)
def test_a_denial_of_something_else_denies_nothing(text: str) -> None:
    assert urgency_of(text) != NOT_URGENT


@pytest.mark.parametrize(
    "text",
    [
        "big fire sale today",
        "this song is fire",
        "your support is killing it",
        "dying of laughter at this ad",
        "you're on fire tonight",
        "my Fire TV stick arrived",
        "I cancelled my plans to stay in with Netflix",
        "We cancelled our subscription",
        "the noise cancellation is great",
        "love my new blackout curtains",
        "price is down to 20",
        "hair on fire emoji",
        "us in brand new shoes",
        "me quiero morir de risa",
        "morrendo de rir",
        "mort de rire",
        "venden humo",
        "alta demanda de boletos",
        "un avocat mûr",
        "Die Wand ist frisch gestrichen",
    ],
)
def test_idioms_are_not_urgent(text: str) -> None:
    assert urgency_of(text) == NOT_URGENT


@pytest.mark.parametrize(
    "text", ["firefighter museum", "the smoker", "scampi", "@smoke hi", "see https://x.test/fire/smoke", "outaged"]
)
def test_parts_of_words_names_and_links_are_not_words(text: str) -> None:
    assert urgency_of(text) == NOT_URGENT


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("the outage is over, thanks", True),
        ("the outage in our street has been fixed", True),
        ("Stromausfall ist behoben", True),
        ("apagón solucionado", True),
        ("is the outage over?", False),
        ("has the outage been fixed yet?", False),
        ("the outage has not been fixed", False),
        ("outage all over the city", False),
        ("the fire is over there, smoke everywhere", False),
    ],
)
def test_an_outage_that_has_ended_is_not_urgent(text: str, over: bool) -> None:
    assert (urgency_of(text) == NOT_URGENT) is over


@pytest.mark.parametrize(
    "text",
    [
        "I'd kill myself if I miss the sale",
        "I'm not going to kill myself",
        "I don't want to die",
        "lol i wanna die",
    ],
)
def test_for_self_harm_neither_a_denial_nor_a_figure_of_speech_counts(text: str) -> None:
    assert urgency_of(text) == Urgency(1.0, ("self-harm",))


def test_the_gravest_kind_comes_first_and_gives_the_score() -> None:
    text = "cancelled flight, stranded at the gate, and there is smoke; my lawyer will hear of this"
    assert urgency_of(text) == Urgency(1.0, ("safety", "stranded", "legal", "cancelled"))
    assert list(GRADES.values()) == sorted(GRADES.values(), reverse=True)


@given(PHRASE, WORDS, WORDS)
def test_every_phrase_of_the_lists_is_found_among_calm_words(
    known: tuple[str, str], before: list[str], after: list[str]
) -> None:
    kind, phrase = known
    text = " ".join([*before, ".", phrase, ".", *after])
    # Some phrases are exceptions of another list; none may be silenced by its own.
    assert kind in urgency_of(text).kinds or phrase in urgency_phrases().exceptions


@given(WORDS)
def test_calm_words_are_calm(words: list[str]) -> None:
    assert urgency_of(" ".join(words)) == NOT_URGENT


@given(st.text(max_size=300))
def test_any_text_has_an_urgency_whose_score_is_that_of_its_first_kind(text: str) -> None:
    found = urgency_of(text)
    assert found.score == (GRADES[found.kinds[0]] if found.kinds else 0.0)
    assert len(set(found.kinds)) == len(found.kinds)


@given(PHRASE, st.sampled_from([str.upper, str.title, str.lower]))
def test_case_does_not_matter(known: tuple[str, str], style: object) -> None:
    assert callable(style)
    assert urgency_of(style(known[1])) == urgency_of(known[1])


def test_no_phrase_is_an_exception_too() -> None:
    exceptions = set(urgency_phrases().exceptions)
    assert not [phrase for kind in GRADES for phrase in urgency_phrases().by_kind[kind] if phrase in exceptions]


def test_words_are_folded_and_names_leave_a_gap() -> None:
    assert plain_words("Can’t GO @you Até, #já") == " cant go  ate , ja "


@pytest.mark.parametrize("part", ["smoke break ", "no smoke ", "no outage is over ", "\U0001f525", "n't"])
def test_a_text_of_the_greatest_length_takes_no_more_than_its_length(part: str) -> None:
    text = part * (64_000 // len(part))
    started = time.perf_counter()
    assert urgency_of(text) == NOT_URGENT
    assert time.perf_counter() - started < 2.0
