"""Each shipped map is found by the names of its own source's columns, claims no other source, and makes posts."""

import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from pipeline.app.source_maps import SHIPPED, shipped_maps
from pipeline.codec import decode
from pipeline.ingest.sources.mapper import Mapper
from pipeline.ingest.sources.match import fits, propose
from schemas.posts.raw import RawPost
from tests.unit.ingest.sources.samples import SAMPLES, Sample

PAGES = {one.name: one.page for one in shipped_maps()}


def shuffled(record: Mapping[str, Any], seed: int) -> dict[str, Any]:
    names = list(record)
    random.Random(seed).shuffle(names)
    return {
        name: shuffled(record[name], seed) if isinstance(record[name], dict) else record[name] for name in names
    }


def posts_of(name: str) -> list[RawPost]:
    sample = SAMPLES[name]
    columns = list(sample.record) if sample.table else None
    proposal = propose(columns, [sample.record], shipped_maps())
    assert proposal.source_map is not None
    mapper = Mapper(proposal.source_map.with_defaults("acme", None), columns)
    found = [mapper.post_of(entry) for entry in mapper.entries(sample.record)]
    return [decode(RawPost, orjson.dumps(one.document)) for one in found]


def test_every_shipped_map_has_a_sample_and_a_page() -> None:
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == set(PAGES) == set(SAMPLES)
    assert [
        name
        for name, page in PAGES.items()
        if not page or not page[0].startswith(("https://", "schemas/published/"))
    ] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_a_source_is_found_by_its_names_in_any_order(name: str) -> None:
    sample = SAMPLES[name]
    for seed in range(8):
        record = shuffled(sample.record, seed)
        maps = list(shipped_maps())
        random.Random(seed).shuffle(maps)
        found = propose(list(record) if sample.table else None, [record], maps).source_map
        assert found is not None
        assert found.name == name


@pytest.mark.parametrize("name", SAMPLES)
def test_no_map_claims_the_sample_of_another_source(name: str) -> None:
    sample = SAMPLES[name]
    columns = list(sample.record) if sample.table else None
    assert [one.name for one in shipped_maps() if fits(one, columns, [sample.record])] == [name]


@pytest.mark.parametrize(("name", "sample"), SAMPLES.items())
def test_a_sample_becomes_posts_that_the_contract_takes(name: str, sample: Sample) -> None:
    first = posts_of(name)[0]
    assert first.post_id == sample.post_id
    assert first.author.author_id.startswith(sample.author_id)
    assert bool(first.author.anonymous) == sample.author_id.endswith("anonymous-")


def test_what_the_maps_know_of_their_sources() -> None:
    assert posts_of("twitter-archive")[0].text == "Danke & tschuess"
    assert posts_of("twitter-api-v2")[0].author.handle == "ann"
    assert (posts_of("mastodon")[0].visibility, posts_of("mastodon")[0].text) == ("direct", "no signal")
    assert [post.text for post in posts_of("zendesk")] == ["wrong & late"]
    assert [post.text for post in posts_of("chatwoot")] == ["wrong bill"]
    assert [post.in_reply_to for post in posts_of("youtube-comments")] == [None, "youtube:Ug1"]
    assert posts_of("discourse")[0].title == "No signal"
    assert posts_of("twint")[0].created_at.isoformat() == "2016-10-26T00:21:56+00:00"
    play = posts_of("google-play-csv")[0]
    assert play.reply is not None
    assert (play.rating, play.reply.max_graphemes) == (1, 350)
    bluesky = posts_of("bluesky")[0].reply
    assert bluesky is not None
    assert bluesky.max_graphemes == 300


@pytest.mark.parametrize("name", ["facebook-messages", "reddit-inbox", "discourse", "chatwoot", "zendesk"])
def test_what_few_people_see_is_direct(name: str) -> None:
    assert [post.visibility for post in posts_of(name)] == ["direct"]


def test_reviewers_without_a_name_of_their_own_stay_strangers() -> None:
    review = SAMPLES["app-store"].record
    names = [None, "Anonymous", "ann"]
    reviews = [
        {**review, "id": str(at), "attributes": {**review["attributes"], "reviewerNickname": name}}
        for at, name in enumerate([*names, *names])
    ]
    record = {"data": reviews}
    found = propose(None, [record], shipped_maps()).source_map
    assert found is not None
    mapper = Mapper(found.with_defaults("acme", None))
    posts = [mapper.post_of(entry).document for entry in mapper.entries(record)]
    authors = [decode(RawPost, orjson.dumps(post)).author for post in posts]
    assert [bool(author.anonymous) for author in authors] == [True, True, False] * 2
    assert len({author.author_id for author in authors}) == 5


def test_the_text_that_is_html_is_taken_where_a_plain_twin_lies_beside_it() -> None:
    shown, plain, at = "a List&lt;int&gt;<br>b", "a List<int>\nb", "2026-11-28T10:00:00Z"
    snippet = {"authorDisplayName": "@ann", "textDisplay": shown, "textOriginal": plain, "publishedAt": at}
    comment = {
        "id": 1,
        "author_id": 3,
        "html_body": shown,
        "plain_body": plain,
        "body": plain,
        "created_at": at,
        "public": True,
    }
    records: list[dict[str, object]] = [
        {"items": [{"id": "Ug1", "snippet": {"topLevelComment": {"id": "Ug1", "snippet": snippet}}}]},
        {"tickets": [{"id": 7, "subject": "Bill", "comments": [comment]}]},
    ]
    for record in records:
        found = propose(None, [record], shipped_maps()).source_map
        assert found is not None
        assert Mapper(found.with_defaults("acme", None)).post(record).document["text"] == plain


def test_what_an_owner_passes_on_is_no_post_of_theirs_and_is_counted() -> None:
    tweet = SAMPLES["twitter-archive"].record["tweet"]
    found = propose(None, [{"tweet": tweet}], shipped_maps()).source_map
    assert found is not None
    mapper = Mapper(found.with_defaults("acme", None))
    shared = {"tweet": tweet | {"full_text": "RT @bob: no signal"}}
    assert (len(mapper.entries({"tweet": tweet})), mapper.entries(shared)) == (1, [])
    assert list(mapper.left_aside.values()) == [1]


def test_comments_that_do_not_say_whether_they_are_public_are_counted() -> None:
    record = SAMPLES["zendesk"].record
    found = propose(None, [record], shipped_maps()).source_map
    assert found is not None
    mapper = Mapper(found.with_defaults("acme", None))
    unsaid = {name: value for name, value in record["tickets"][0]["comments"][0].items() if name != "public"}
    assert mapper.entries({"tickets": [{"id": 1, "comments": [unsaid]}]}) == []
    mapper.entries(record)
    assert dict(mapper.left_aside) == {"public is empty": 1, "public is false": 1}


@pytest.mark.parametrize(
    ("name", "place"),
    [("twitter-api-v1", "entities"), ("twitter-api-v2", "entities"), ("twitter-archive", "entities")],
)
def test_addresses_that_the_network_has_shortened_are_written_out(name: str, place: str) -> None:
    links = {"urls": [{"url": "https://t.co/a1", "expanded_url": "https://acme.example/status"}]}
    changed = {"text": "see https://t.co/a1", "full_text": "see https://t.co/a1", place: links}
    record = SAMPLES[name].record
    inner = {"tweet": record["tweet"] | changed} if "tweet" in record else record | changed
    if "data" in record:
        inner = record | {"data": [record["data"][0] | changed]}
    found = propose(None, [inner], shipped_maps()).source_map
    assert found is not None
    post = Mapper(found.with_defaults("acme", None)).post(inner).document
    assert post["text"] == "see https://acme.example/status"


def test_a_workbook_of_talkwalker_has_the_paths_of_its_answers_as_columns() -> None:
    row = {"url": "https://x.com/ann/status/15", "indexed": "1417999367498", "search_indexed": "1417999504832",
           "published": "2026-11-28 10:00:00", "content": "no signal", "source_type": "SOCIALMEDIA_TWITTER",
           "extra_author_attributes.name": "Ann", "extra_author_attributes.short_name": "ann"}  # fmt: skip
    found = propose(list(row), [row], shipped_maps()).source_map
    assert found is not None
    post = Mapper(found.with_defaults("acme", None), list(row)).post(row).document
    assert (post["platform"], post["author"]) == (
        "twitter", {"author_id": "twitter:Ann", "name": "Ann", "handle": "ann"}
    )  # fmt: skip
