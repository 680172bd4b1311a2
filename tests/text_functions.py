"""Lists every pure function that reads what strangers write, and makes hostile texts for it.

A function that is missing here fails `tests/property/test_bounded_texts.py`, which looks for signatures.
"""

import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BufferedReader, BytesIO

import numpy as np

from pipeline.adapters.in_memory.model import KeywordSentiment
from pipeline.clock import from_ms
from pipeline.codec import decode
from pipeline.enrich.author import brand
from pipeline.enrich.author.brand import is_own
from pipeline.enrich.author.spam import SpamMeter
from pipeline.enrich.batches.cost import post_cost
from pipeline.enrich.copies.clusters import Copies
from pipeline.enrich.copies.comparable import comparable
from pipeline.enrich.copies.signatures import POSITIONS, signature
from pipeline.enrich.facts import joined, words_of
from pipeline.enrich.listening import characters, hashtags, keywords, queries, spelling, words
from pipeline.enrich.listening.keywords import FoldedText, RuleKeywords
from pipeline.enrich.listening.topics import TopicMatcher
from pipeline.enrich.preparation import Preparation
from pipeline.enrich.privacy import addresses, canonical, ids, mail, numbers, phones
from pipeline.enrich.privacy.mask import DIRECT_REGIONS, mask, mask_post, masked_fields, regions_of
from pipeline.enrich.reading import language
from pipeline.enrich.reading.intents import features
from pipeline.enrich.reading.linear import ends_of
from pipeline.enrich.reading.pressing import signs
from pipeline.enrich.reading.reading import readable_text
from pipeline.enrich.score import Scorer
from pipeline.enrich.text import emoji, lexical
from pipeline.enrich.text.normalise import normalise
from pipeline.enrich.tone import intensity, phrases, urgency
from pipeline.enrich.triage.rules import matches
from pipeline.errors import Misconfigured, Permanent
from pipeline.ingest import jsonl, lines
from pipeline.ingest.json import entries
from pipeline.ingest.look import dialect, encoding
from pipeline.ingest.look.decision import Asked, Dialect
from pipeline.ingest.look.shape import shape
from pipeline.ingest.mending import TableForm, Why
from pipeline.ingest.reading import open_export
from pipeline.ingest.sources import paths, source_map
from pipeline.ingest.sources import spelling as column_option
from pipeline.ingest.sources.header import alike
from pipeline.ingest.sources.values import amounts, dates, identity, markup, nobody
from pipeline.ingest.sources.values import plain as plain_values
from pipeline.ingest.sources.values.times import Times
from pipeline.ingest.table import rows as table
from schemas.policy.policy import ListeningTopic, NumberPattern
from schemas.posts.raw import MAX_TEXT_CHARS, RawPost
from tests.unit.enrich.posts import WRITTEN_MS, facts_of, policy, raw_post, received

TextFunction = Callable[[str], object]

UNITS = (
    "@", "#", "a", "A", "1", ".", "-", "_", " ", "/", "\\", "&", "%", "(", "[", "{", '"', "'", ":", "+", "~", "*",
    "!", "?", "\n", "\u200b", "·", "火", "가", "é", "🔥", "0", "00", "www.", "://", "RT @", "@a", "#1", "a@", ".a",
    "1 ", "1-", "1.", "(1", "+1", "A ", "a ", "Aa ", "Aa, ", "1 Aa ", "Aa 1 ", "de ", "a at ", "at ", " dot ",
    "a.", ".com/", "ssn ", "is ", "DE", "DE89", "[phone]", "&amp;", "&#", "\\u", "no ", "c/", "r.", "Via ", "apt ",
    "box ", "IBAN", "cvv ", "May 1", "_a", "-a", " -", "- ", "<", "wa.me/", "phone=", "1:1", "$1", "1,", "@.",
    "@-", ".@", "a-b", "A1", "1A", "1a ", "x1 ", "Straße ", "str. ", "aweg ", "platz ", "4111 1111 1111 1111 ",
    "212 555 0123 ", "12 Main ", "[", "··", "💩", "\u0301", "fire ", "n't ", "how is ",
    "calle ", "de la ", "d'", "Via V", "address: 12 V", "straße ", "rue ", ", TX 1",
)  # fmt: skip
"""Hostile texts repeat these. Each sign that a pattern looks for stands alone and beside what patterns join
it to.
"""
COSTLIEST = "90210-1234/011 44 20 7946 1.0 ( 0.000 x1. -2.34567a 8. "
"""Of all known texts, this one makes the phone library look for longest."""
TAILS = ("", " 1", "1 ")
"""Many parts of the masking only begin when there is a digit anywhere."""

TOPICS = [
    ListeningTopic(name=f"t{number}", any=(query,))
    for number, query in enumerate(
        ("acme", "acme down", '"acme down"~5', "#acmedown", "@acme", "🔥", "c++", "火", "차", "a")
    )
    if query != "a"
]
POLICY = policy(
    {"name": "fire", "when": {"any_keyword": ["fire", ":(", "火事"], "question": True}, "action": "respond",
     "queue": "general"},
    numbers=[{"name": "order", "pattern": "ACC-########"}], topics=[topic.model_dump() for topic in TOPICS],
)  # fmt: skip
NUMBERS = (NumberPattern(name="order", pattern="ACC-########"),)
_MATCHER = TopicMatcher(TOPICS)
_KEYWORDS = RuleKeywords([("acme", ":(", "!!", "c++", "火")])
_MASK = np.zeros(POSITIONS, dtype=np.uint16)
_SCORER = Scorer(KeywordSentiment(), 86_400, "processing")


def _post(text: str) -> RawPost:
    return raw_post(text[:MAX_TEXT_CHARS])


def direct(text: str) -> RawPost:
    """Makes a direct message with that text."""
    return raw_post(text[:MAX_TEXT_CHARS], visibility="direct")


def _refusing(function: TextFunction) -> TextFunction:
    def called(text: str) -> object:
        with suppress(Permanent, Misconfigured, ValueError):
            return function(text)
        return None

    return called


def _read(text: str) -> object:
    return list(open_export(BufferedReader(BytesIO(text.encode())), "file", Asked()).found)


def _lines(text: str) -> Iterable[lines.Line]:
    return lines.numbered(BytesIO(text.encode()), "file")


WHY = Why(1, "invalid_field: text: is missing", "text")
FUNCTIONS: dict[str, TextFunction] = {
    "pipeline.codec.decode": _refusing(lambda text: decode(RawPost, text.encode())),
    "pipeline.enrich.copies.clusters.Copies.see": lambda text: Copies(64).see(
        "acme", "x:1", text, from_ms(WRITTEN_MS)
    ),
    "pipeline.enrich.copies.comparable.comparable": comparable,
    "pipeline.enrich.copies.signatures.signature": lambda text: signature("abcd" + text, _MASK),
    "pipeline.enrich.text.emoji.spell": lambda text: [emoji.spell(sign) for sign in text],
    "pipeline.enrich.reading.intents.features.intent_features": features.intent_features,
    "pipeline.enrich.reading.pressing.signs.pressing_signs": signs.pressing_signs,
    "pipeline.enrich.reading.linear.ends_of": ends_of,
    "pipeline.enrich.reading.language.words_of": lambda text: language.words_of(_post(text)),
    "pipeline.enrich.listening.keywords.FoldedText": lambda text: _KEYWORDS.hits(FoldedText(text)),
    "pipeline.enrich.listening.keywords.fold": keywords.fold,
    "pipeline.enrich.listening.queries.parse_query": _refusing(queries.parse_query),
    "pipeline.enrich.listening.queries.term_of": _refusing(queries.term_of),
    "pipeline.enrich.listening.queries.query_problem": _refusing(queries.query_problem),
    "pipeline.enrich.listening.topics.TopicMatcher.find": lambda text: _MATCHER.find(text, text),
    "pipeline.enrich.listening.words.Words": lambda text: [
        (read.kinds, read.places, read.tags, read.marks) for read in (words.Words(text),)
    ],
    "pipeline.enrich.listening.spelling.bare": spelling.bare,
    "pipeline.enrich.listening.spelling.exact": spelling.exact,
    "pipeline.enrich.listening.spelling.fold_mark": spelling.fold_mark,
    "pipeline.enrich.listening.spelling.has_diacritics": spelling.has_diacritics,
    "pipeline.enrich.listening.spelling.joined": spelling.joined,
    "pipeline.enrich.listening.spelling.name_with_dots": spelling.name_with_dots,
    "pipeline.enrich.listening.spelling.prepare": spelling.prepare,
    "pipeline.enrich.listening.hashtags.tag_parts": hashtags.tag_parts,
    "pipeline.enrich.listening.characters.folded_letters": lambda text: [
        characters.folded_letters(sign) for sign in text
    ],
    "pipeline.enrich.listening.characters.kind_of": lambda text: [characters.kind_of(sign) for sign in text],
    "pipeline.enrich.text.lexical.decode_entities": lexical.decode_entities,
    "pipeline.enrich.text.normalise.normalise": normalise,
    "pipeline.enrich.author.brand.bare": brand.bare,
    "pipeline.enrich.author.brand.is_own": lambda text: is_own(
        raw_post(author={"handle": text[:200]}), POLICY.brand
    ),
    "pipeline.enrich.privacy.addresses.find_addresses": lambda text: list(addresses.find_addresses(text)),
    "pipeline.enrich.privacy.ids.find_ids": lambda text: list(ids.find_ids(text, 100)),
    "pipeline.enrich.privacy.mail.find_mail": lambda text: list(mail.find_mail(text)),
    "pipeline.enrich.privacy.mask.mask": lambda text: mask(text, NUMBERS, DIRECT_REGIONS),
    "pipeline.enrich.privacy.mask.mask_post": lambda text: mask_post(_post(text), POLICY),
    "pipeline.enrich.privacy.mask.masked_fields": lambda text: masked_fields(_post(text)),
    "pipeline.enrich.privacy.mask.regions_of": lambda text: regions_of(_post(text), POLICY),
    "pipeline.enrich.privacy.numbers.find_cards": lambda text: list(numbers.find_cards(text)),
    "pipeline.enrich.privacy.numbers.find_ibans": lambda text: list(numbers.find_ibans(text)),
    "pipeline.enrich.privacy.numbers.find_patterns": lambda text: list(numbers.find_patterns(text, text, NUMBERS)),
    "pipeline.enrich.privacy.numbers.is_named_otherwise": numbers.is_named_otherwise,
    "pipeline.enrich.privacy.numbers.pieces": lambda text: list(numbers.pieces(text)),
    "pipeline.enrich.privacy.phones.find_link_phones": lambda text: list(
        phones.find_link_phones(text, 0, len(text))
    ),
    "pipeline.enrich.privacy.phones.find_phones": lambda text: list(
        phones.find_phones(text, DIRECT_REGIONS, set())
    ),
    "pipeline.enrich.privacy.canonical.canonical": canonical.canonical,
    "pipeline.enrich.privacy.canonical.public_places": canonical.public_places,
    "pipeline.enrich.privacy.canonical.with_barriers": lambda text: canonical.with_barriers(
        text, canonical.public_places(text)
    ),
    "pipeline.enrich.reading.reading.readable_text": lambda text: readable_text(_post(text)),
    "pipeline.enrich.score.Scorer.score": lambda text: _SCORER.score([received(_post(text))], {"acme": POLICY}),
    "pipeline.enrich.facts.Facts": lambda text: matches(POLICY, facts_of(_post(text))),
    "pipeline.enrich.facts.joined": lambda text: joined(text, text),
    "pipeline.enrich.facts.words_of": lambda text: words_of(text, text, POLICY),
    "pipeline.enrich.preparation.Preparation.prepare": lambda text: Preparation(Copies(64)).prepare(
        [received(_post(text))], {"acme": POLICY}, "processing"
    ),
    "pipeline.enrich.author.spam.SpamMeter.see": lambda text: SpamMeter(8).see(
        _post(text), None, from_ms(WRITTEN_MS)
    ),
    "pipeline.enrich.tone.intensity.intensity_of": lambda text: intensity.intensity_of(text, 0.5),
    "pipeline.enrich.tone.intensity.marks_of": intensity.marks_of,
    "pipeline.enrich.tone.phrases.plain_words": phrases.plain_words,
    "pipeline.enrich.tone.urgency.urgency_of": urgency.urgency_of,
    "pipeline.enrich.batches.cost.post_cost": lambda text: post_cost(_post(text), POLICY),
    "pipeline.ingest.sources.header.alike": alike,
    "pipeline.ingest.sources.paths.getter": _refusing(paths.getter),
    "pipeline.ingest.sources.source_map.feed_of": _refusing(source_map.feed_of),
    "pipeline.ingest.sources.spelling.parse_columns": _refusing(column_option.parse_columns),
    "pipeline.ingest.sources.values.amounts.number": _refusing(lambda text: amounts.number(text, None, True, [])),
    "pipeline.ingest.sources.values.dates.day_and_clock": _refusing(lambda text: dates.day_and_clock(text, "dmy")),
    "pipeline.ingest.sources.values.dates.offset_of": _refusing(dates.offset_of),
    "pipeline.ingest.sources.values.identity.native_id": _refusing(lambda text: identity.native_id("x", text, [])),
    "pipeline.ingest.sources.values.identity.named_id": _refusing(lambda text: identity.named_id("x", text, [])),
    "pipeline.ingest.sources.values.identity.reference": _refusing(lambda text: identity.reference("x", text, [])),
    "pipeline.ingest.sources.values.markup.entities": markup.entities,
    "pipeline.ingest.sources.values.markup.visible": markup.visible,
    "pipeline.ingest.sources.values.nobody.stands_for_nobody": nobody.stands_for_nobody,
    "pipeline.ingest.sources.values.plain.trimmed": plain_values.trimmed,
    "pipeline.ingest.sources.values.plain.whole_characters": lambda text: plain_values.whole_characters(text, []),
    "pipeline.ingest.sources.values.times.Times": _refusing(lambda text: Times()(text, [])),
    "pipeline.ingest.jsonl.candidates": lambda text: list(jsonl.candidates(_lines(text), "acme")),
    "pipeline.ingest.jsonl.of_workspace": lambda text: jsonl.of_workspace(text.encode(), "acme"),
    "pipeline.ingest.mending.TableForm": lambda text: TableForm(b"earshot_reason,", ",").entry(text.encode(), WHY),
    "pipeline.ingest.json.entries.of_lines": lambda text: list(entries.of_lines(_lines(text))),
    "pipeline.ingest.look.dialect.distinct": lambda text: dialect.distinct([text]),
    "pipeline.ingest.look.dialect.table": _refusing(
        lambda text: dialect.table(list(_lines(text)), Asked(), "file")
    ),
    "pipeline.ingest.look.encoding.is_utf8_after_all": lambda text: encoding.is_utf8_after_all(
        text.encode(), "cp1252"
    ),
    "pipeline.ingest.look.encoding.as_text": lambda text: encoding.as_text(
        text.encode(), encoding.encoding(text.encode())
    ),
    "pipeline.ingest.look.shape.shape": lambda text: shape(text, Asked(), whole=True),
    "pipeline.ingest.reading.open_export": _refusing(_read),
    "pipeline.ingest.table.rows.rows": _refusing(lambda text: list(table.rows(_lines(text), Dialect()))),
}
"""Maps module and name to a call of it with one text. What a function refuses is no fault."""

DIRECT: dict[str, TextFunction] = {
    "mask_post, of a direct message": lambda text: mask_post(direct(text), POLICY),
    "Scorer.score, of a direct message": lambda text: _SCORER.score([received(direct(text))], {"acme": POLICY}),
}
"""These functions from above do more for direct messages, because phones of eleven regions are recognised
there.
"""
ASKS_MANY_REGIONS = {"pipeline.enrich.privacy.mask.mask", "pipeline.enrich.privacy.phones.find_phones", *DIRECT}
"""These ask the phone library about so many regions."""

PATTERNS: dict[str, TextFunction] = {
    f"pipeline.enrich.text.lexical.{name}": re.compile(value).findall
    for name, value in vars(lexical).items()
    if name.isupper() and not name.startswith("_")
}
"""Several signals share these patterns. Each is tried alone, because one signal may guard what another one does
not.
"""

OTHERS: dict[str, str] = {
    "pipeline.enrich.reading.intents.model.Head": "a model's name",
    "pipeline.enrich.reading.linear.stored_numbers": "the name of a folder of ours",
    "pipeline.enrich.reading.pressing.head.PressingModel.classify": "the texts go to `signs.pressing_signs`",
    "pipeline.enrich.reading.pressing.head.pressing_inputs": "the texts go to `signs.pressing_signs`",
    "pipeline.enrich.triage.doubt.doubt_about": "numbers, and a word of ours that contradicts a label",
    "pipeline.enrich.reading.intents.model.IntentModel.classify": "the texts go to `features.intent_features`",
    "pipeline.enrich.reading.intents.model.IntentModel.probabilities": "they go to `features.intent_features`",
    "pipeline.enrich.reading.intents.model.inputs": "the texts go to `features.intent_features`",
    "pipeline.enrich.reading.intents.by_example.IntentReader.classify": "they go to `features.intent_features`",
    "pipeline.enrich.reading.language.detect_languages": "the texts go to `language.words_of`",
    "pipeline.enrich.reading.reading.Languages.is_weak": "a language's code",
    "pipeline.enrich.reading.reading.read_posts": "the texts go to `readable_text` and `words_of`",
    "pipeline.enrich.received.ReceivedPost": "holds a post and does not look at its words",
    "pipeline.enrich.author.customers.linked": "looks up an id",
    "pipeline.enrich.author.customers.nobody_known": "knows nobody",
    "pipeline.enrich.score.Scorer.prepare": "the posts go to `Preparation.prepare`",
    "pipeline.enrich.score.Scorer.score_prepared": "does what `Scorer.score` does, behind `prepare`",
    "pipeline.enrich.score.Scorer.read": "does what `Scorer.score` does, without triage",
    "pipeline.ingest.table.columns.open_table": "reads its rows by `table.rows` and its cells by `cells`",
    "pipeline.ingest.customers.customer_map.a_target": "a field that the operator names",
    "pipeline.ingest.customers.customer_map.guessed": "columns that the operator's list has",
    "pipeline.ingest.customers.whole_list.author_hash": "hashes ids",
    "pipeline.ingest.sources.source_map.a_target": "a field that the operator names",
    "pipeline.ingest.sources.spelling.parse_map": "a map of the operator's",
    "pipeline.ingest.sources.header.Columns": "columns that the operator's file has",
    "pipeline.ingest.sources.header.Columns.getter": "a column that the operator names",
    "pipeline.ingest.sources.feeding.constant": "a constant of the operator's map",
    "pipeline.ingest.sources.feeding.fed": "names of the operator's map",
    "pipeline.ingest.sources.paths.unfolded": "paths of the operator's map",
    "pipeline.ingest.sources.readers.Readers.author": "reads by `identity.named_id`",
    "pipeline.ingest.sources.readers.Readers.of": "a network's name, as it was read",
    "pipeline.ingest.sources.source_map.SourceMap.with_defaults": "names that the operator gives",
    "pipeline.ingest.look.container.contents": "a file's name",
    "pipeline.ingest.look.container.packing": "a file's name, and one within an archive that the operator names",
    "pipeline.ingest.look.container.unpacked": "a file's name",
    "pipeline.ingest.look.decision.Asked": "what the operator says",
    "pipeline.ingest.look.decision.Decision": "names of ours",
    "pipeline.ingest.look.decision.Dialect": "signs that the operator names, or that were found",
    "pipeline.ingest.look.encoding.Utf8": "the name of an encoding",
    "pipeline.ingest.look.encoding.known": "the name of an encoding that the operator gives",
    "pipeline.ingest.table.rows.Source": "holds lines and does not look at them",
    "pipeline.ingest.table.workbook.lines": "a file's name, and one of a sheet",
    "pipeline.ingest.lines.not_empty": "a file's name",
    "pipeline.ingest.lines.numbered": "a file's name",
    "pipeline.ingest.lines.shown": "a file's name",
    "pipeline.ingest.rejections.Rejections": "a file's name",
    "pipeline.ingest.rejections.what_helps": "a reason of ours, and a column that the operator names",
    "pipeline.ingest.manifest.disk.lock": "a sentence of ours",
    "pipeline.ingest.manifest.disk.only_run": "a file's name",
    "pipeline.ingest.manifest.dry.DryLedger": "a run's name",
    "pipeline.ingest.manifest.dry.DryLedger.break_off": "a reason of ours",
    "pipeline.ingest.manifest.format.Manifest": "a manifest's own fields",
    "pipeline.ingest.manifest.format.broken_off_line": "a reason of ours",
    "pipeline.ingest.manifest.runs.Run": "a manifest's own fields",
    "pipeline.ingest.manifest.runs.runs_of": "a file's name",
    "pipeline.ingest.manifest.writer.Ledger.break_off": "a reason of ours",
    "pipeline.ingest.manifest.writer.ManifestWriter.break_off": "a reason of ours",
    "pipeline.ingest.manifest.format.Header": "a manifest's own fields",
    "pipeline.ingest.manifest.format.footer_line": "a manifest's own fields",
    "pipeline.ingest.manifest.format.resumed_line": "a manifest's own fields",
    "pipeline.ingest.manifest.writer.run_id": "a file's name",
}
"""These functions have a text among their parameters that strangers do not write, or that is read by one above."""


def repeated(unit: str, characters: int, tail: str = "") -> str:
    """Repeats the unit to so many characters, and appends the tail."""
    return (unit * (characters // len(unit) + 1))[:characters] + tail


def generated(number: int, shortest: int = 50, longest: int = 400) -> str:
    """Returns the hostile text of that number, the same one every time. It is a unit, two in turn, or runs of
    several.
    """
    chance = random.Random(number)
    length = chance.randint(shortest, longest)
    kind = chance.randrange(3)
    if kind == 0:
        body = repeated(chance.choice(UNITS), length)
    elif kind == 1:
        body = repeated(chance.choice(UNITS) + chance.choice(UNITS), length)
    else:
        body = "".join(_runs(chance, length))
    return body[:length] + chance.choice(TAILS)


def _runs(chance: random.Random, length: int) -> Iterator[str]:
    made = 0
    while made < length:
        run = repeated(chance.choice(UNITS), chance.choice((1, 2, 5, 20, 80)))
        made += len(run)
        yield run
