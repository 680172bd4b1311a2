import pytest

from pipeline.enrich.listening.keywords import FoldedText, RuleKeywords, rule_keywords
from schemas.policy.rules import TriageRule


def found(keywords: list[str], text: str) -> str | None:
    return RuleKeywords([keywords]).hits(FoldedText(text)).get(0)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("fire", "There is FIRE in the cabin!"),
        ("fire", "so much #fire"),
        ("#fire", "so much #Fire"),
        ("@acme", "hey @ACME, answer"),
        ("cancelled flight", "my Cancelled\nFlight, again"),
        ("wi-fi", "no wi-fi on board"),
        ("wi fi", "no Wi-Fi on board"),
        ("can't pay", "I can’t pay"),
        ("Straße", "die STRASSE ist gesperrt"),
        ("ＡＢＣ", "only abc here"),
        ("café", "the cafe\u0301 was closed"),
        ("пожар", "В здании ПОЖАР!"),
        ("حريق", "يوجد حريق في المبنى"),
        ("आग", "घर में आग लगी है"),
        ("हिन्दी", "मुझे हिन्दी आती है"),
        ("火事", "家が火事です"),
        ("退款", "我要退款现在"),
        ("AI", "最近AI技術が好き"),
        ("ไฟไหม้", "บ้านไฟไหม้แล้ว"),
        ("c++", "I write C++, badly"),
        ("🔥🔥", "this is 🔥🔥🔥"),
        ("at&t", "dear AT&T why"),
        ("acme down", "#AcmeDown again"),
        ("환불", "환불을 원해요"),
        (":(", "so sad :("),
        (":D", "well:D"),
        ("!!", "no!!"),
        ("thanks @acme", "Thanks, @Acme"),
    ],
)
def test_a_keyword_is_found_in_any_case_form_and_script(keyword: str, text: str) -> None:
    assert found([keyword], text) == keyword


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("fire", "the firefighter was fired"),
        ("fire", ""),
        ("#fire", "fire"),
        ("@acme", "acme"),
        ("cancelled flight", "cancelled the flight"),
        ("क", "की"),
        ("आग", "आगरा"),
        ("пожар", "пожарный"),
        ("c++", "abc++"),
        ("at&t", "chat&talk"),
        ("cafe", "café"),
        ("café", "cafe"),
        ("won", "I won't"),
        (":D", "D or d:"),
        ("환불", "환불원정대"),
    ],
)
def test_parts_of_words_and_other_words_are_not_found(keyword: str, text: str) -> None:
    assert found([keyword], text) is None


def test_the_found_keyword_is_reported_as_the_policy_wrote_it() -> None:
    assert found(["Smoke", "Fire"], "fire and smoke") == "Fire"


def test_the_answer_does_not_depend_on_where_the_words_stand() -> None:
    assert found(["b2", "a1"], "a1 b2") == found(["a1", "b2"], "b2 a1") == "a1"


def test_a_text_of_the_greatest_length_is_read_to_its_end() -> None:
    assert found(["fire alarm", "火事"], "x " * 32_000 + "fire alarm") == "fire alarm"


def test_the_keywords_of_all_rules_are_looked_for_at_once() -> None:
    keywords = RuleKeywords([("smoke", "Fire"), (), ("fire", ":("), ("ash",), ("fire", ":("), (":(",)])
    assert keywords.hits(FoldedText("fire, smoke :(")) == {0: "Fire", 2: "fire", 4: "fire", 5: ":("}
    assert keywords.hits(FoldedText("")) == {}


def test_many_rules_find_what_each_alone_would() -> None:
    given = [("fire", "at&t"), ("#fire",), ("cabin fire", "🔥"), ("café",)]
    for text in ("Fire at AT&T", "#fire", "a cabin fire 🔥", "cafe CAFÉ", ""):
        folded = FoldedText(text)
        alone = {number: RuleKeywords([words]).hits(folded).get(0) for number, words in enumerate(given)}
        assert RuleKeywords(given).hits(folded) == {number: word for number, word in alone.items() if word}


def test_the_keywords_of_a_policys_rules_are_prepared_once_and_known_by_their_rule() -> None:
    rules = tuple(
        TriageRule.model_validate({"name": name, "when": when, "action": "none"})
        for name, when in (("all", {}), ("fire", {"any_keyword": ["fire"]}))
    )
    assert rule_keywords(rules) is rule_keywords(rules)
    assert rule_keywords(rules).hits(FoldedText("Fire!")) == {1: "fire"}
