import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.enrich.tone.intensity import WEIGHTS, IntensityMarks, intensity_of, intensity_score, marks_of

COUNTS = st.floats(min_value=0, max_value=1000)
SIGNS = st.builds(
    IntensityMarks,
    capitals=st.floats(min_value=0, max_value=1),
    **{name: COUNTS for name in IntensityMarks._fields if name != "capitals"},
)
PROBABILITY = st.floats(min_value=0, max_value=1)
NOT_URGENT = [
    "",
    "My parcel has not arrived, could you look into it please?",
    "The flight BA0229 to LHR was late and KLM did not answer on DM",
    "Meine Rechnung ist falsch, könnten Sie das bitte prüfen?",
    "Mi pedido no ha llegado todavía.",
    "Bonjour, ma facture n'est pas correcte.",
    "A minha encomenda ainda não chegou.",
    "注文した商品がまだ届いていません。ET",
    "see https://www.example.test/AAAA!!! and @SHOUTING",
]


@pytest.mark.parametrize("text", NOT_URGENT)
def test_calm_text_is_next_to_0_even_where_it_is_negative(text: str) -> None:
    assert intensity_of(text) <= 0.05
    assert intensity_of(text, negative=1.0) <= 0.06


@pytest.mark.parametrize(
    ("calmer", "hotter"),
    [
        ("where is my order?", "WHERE IS MY ORDER?"),
        ("where is my order?", "where is my order???"),
        ("answer me", "answer me!"),
        ("answer me!", "answer me!!!!"),
        ("so late", "soooo late"),
        ("it is bad", "it is absolutely bad"),
        ("it is fucking late", "it is fuuuucking late"),
        ("it is really late", "it is reallly late"),
        ("you are late", "you idiots are late"),
        ("you are late", "you f**king are late"),
        ("you are late", "you will regret this"),
        ("you are late 🙂", "you are late 😡"),
        ("you are late 😡", "you are late 😡😡😡"),
        ("nice 🔥", "nice 🔥🔥🔥🔥"),
        ("nice ❤️", "nice ❤️❤️❤️"),
        ("thumbs 👍🏽", "thumbs 👍🏽👍🏽👍🏽"),
        ("das ist schlecht", "das ist eine Frechheit, ihr Idioten"),
        ("es malo", "es una mierda, qué asco"),
        ("c'est mauvais", "c'est de la merde, quelle honte"),
        ("é ruim", "que merda, que vergonha"),
        (
            "\u041f\u043b\u043e\u0445\u043e \u043e\u0447\u0435\u043d\u044c",
            "\u041f\u041b\u041e\u0425\u041e \u041e\u0427\u0415\u041d\u042c",
        ),
    ],
)
def test_each_sign_makes_a_text_hotter(calmer: str, hotter: str) -> None:
    assert intensity_of(calmer) < intensity_of(hotter)


@given(SIGNS, PROBABILITY)
def test_heat_is_a_share(signs: IntensityMarks, negative: float) -> None:
    assert 0 <= intensity_score(signs, negative) <= 1


@given(SIGNS, st.sampled_from(IntensityMarks._fields), PROBABILITY, PROBABILITY)
def test_more_of_a_sign_never_makes_it_less(
    signs: IntensityMarks, name: str, share: float, negative: float
) -> None:
    seen: float = getattr(signs, name)
    less = signs._replace(**{name: seen * share})
    assert intensity_score(less, negative) <= intensity_score(signs, negative)


@given(SIGNS, PROBABILITY, PROBABILITY)
def test_a_more_negative_post_is_never_less_heated(signs: IntensityMarks, first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert intensity_score(signs, low) <= intensity_score(signs, high)


@given(PROBABILITY)
def test_being_negative_alone_is_no_heat(negative: float) -> None:
    assert intensity_score(IntensityMarks(), negative) == 0


@pytest.mark.parametrize("name", IntensityMarks._fields)
def test_one_sign_alone_stays_below_its_weight_and_half_way_at_its_half(name: str) -> None:
    weight = WEIGHTS[name]
    assert intensity_score(IntensityMarks(**{name: 1e6})) == pytest.approx(weight.most, abs=1e-4)
    assert weight.most < 0.7
    assert intensity_score(IntensityMarks(**{name: weight.half})) == pytest.approx(weight.most / 2, abs=1e-4)


@given(st.text(max_size=300), st.integers(1, 5))
def test_another_exclamation_mark_never_cools_a_text(text: str, more: int) -> None:
    assert intensity_of(text + "!") <= intensity_of(text + "!" * (1 + more))


@given(st.lists(st.sampled_from(["order", "late", "again", "and", "nobody", "my"]), max_size=40), st.data())
def test_shouting_a_word_never_cools_a_text(words: list[str], data: st.DataObject) -> None:
    shouted = [word.upper() if data.draw(st.booleans()) else word for word in words]
    assert intensity_of(" ".join(words)) <= intensity_of(" ".join(shouted))


@given(st.text(max_size=300), st.one_of(st.none(), PROBABILITY))
def test_any_text_has_an_intensity(text: str, negative: float | None) -> None:
    assert 0 <= intensity_of(text, negative) <= 1


def test_the_same_words_weigh_less_in_a_long_text() -> None:
    short = "an absolute disgrace, absolutely useless"
    assert intensity_of(short + " because my order came late" * 100) < intensity_of(short)


def test_signs_are_counted_as_said() -> None:
    signs = marks_of("WORST SERVICE ever, sooo slow, you idiots!!! Why?? 😡😡 I'll sue you")
    assert signs == IntensityMarks(
        capitals=2 / 6,
        exclamations=3.5,
        stretched=1,
        intensifiers=1,
        swearing=1,
        threats=1,
        angry_emoji=2,
        repeated_emoji=1,
    )


@pytest.mark.parametrize("part", ["fuuuck ", "!?", "❤\ufe0f", "a", "f*", "\u0430\u0430\u0430 ", "#$%&", "WORST "])
def test_a_text_of_the_greatest_length_takes_no_more_than_its_length(part: str) -> None:
    started = time.perf_counter()
    intensity_of(part * (64_000 // len(part)))
    assert time.perf_counter() - started < 2.0


def test_each_sign_has_its_weight_in_the_order_of_the_signs() -> None:
    assert tuple(WEIGHTS) == IntensityMarks._fields
