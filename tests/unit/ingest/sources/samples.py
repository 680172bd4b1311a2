"""Small exports of each source that has a map, written after the page that its map cites."""

from typing import Any, NamedTuple


class Sample(NamedTuple):
    """One record of an export, and what its first post should be."""

    record: dict[str, Any]
    post_id: str
    author_id: str
    table: bool = False


TWEET_USER = {"id_str": "99", "screen_name": "ann", "name": "Ann", "followers_count": 5, "protected": False}
AUTHOR = {"did": "did:plc:ann", "handle": "ann.bsky.social", "displayName": "Ann"}
COMMENT = {"authorDisplayName": "@ann", "authorChannelId": {"value": "UCann"}, "textDisplay": "bad <b>sound</b>",
           "textOriginal": "bad sound", "likeCount": 2, "publishedAt": "2026-11-28T10:00:00Z"}  # fmt: skip
SAMPLES = {
    "earshot": Sample(
        {"workspace": "acme", "post_id": "chirp:7", "platform": "chirp", "author": {"author_id": "chirp:ann"},
         "text": "no signal", "created_at": "2026-11-28T10:00:00Z", "metrics": {"likes": 1}},
        "chirp:7", "chirp:ann"),
    "twcs": Sample(
        {"tweet_id": "12", "author_id": "115712", "inbound": "True",
         "created_at": "Tue Oct 31 22:10:47 +0000 2017",
         "text": "@acme no signal", "response_tweet_id": "13,14", "in_response_to_tweet_id": "11.0"},
        "twitter:12", "twitter:115712", table=True),
    "twitter-archive": Sample(
        {"tweet": {"id_str": "1593387213315784704", "id": "1593387213315784704",
         "full_text": "Danke &amp; tschuess",
                   "created_at": "Fri Nov 18 00:04:50 +0000 2022", "favorite_count": "3", "lang": "de"}},
        "twitter:1593387213315784704", "twitter:archive-owner"),
    "twitter-archive-csv": Sample(
        {"tweet_id": "402000000000000001", "in_reply_to_status_id": "", "in_reply_to_user_id": "",
         "timestamp": "2013-11-19 20:00:17 +0000", "source": "web", "text": "one", "retweeted_status_id": "",
         "retweeted_status_user_id": "", "retweeted_status_timestamp": "", "expanded_urls": ""},
        "twitter:402000000000000001", "twitter:archive-owner", table=True),
    "twitter-api-v1": Sample(
        {"created_at": "Wed Jun 05 14:03:00 +0000 2013", "id": 1050118621198921728,
         "id_str": "1050118621198921728",
         "text": "no signal", "user": TWEET_USER, "lang": "en", "favorite_count": 1,
          "in_reply_to_status_id_str": None},
        "twitter:1050118621198921728", "twitter:99"),
    "twitter-api-v2": Sample(
        {"data": [{"id": "15", "author_id": "99", "text": "no signal", "created_at": "2022-11-18T00:04:50.000Z",
                   "public_metrics": {"like_count": 1, "retweet_count": 0, "reply_count": 0}}],
         "includes": {"users": [{"id": "99", "username": "ann", "name": "Ann"}]}, "meta": {"result_count": 1}},
        "twitter:15", "twitter:99"),
    "snscrape": Sample(
        {"_type": "snscrape.modules.twitter.Tweet", "url": "https://twitter.com/ann/status/15", "id": 15,
         "date": "2022-11-18T00:04:50+00:00", "rawContent": "no signal", "user": {"username": "ann", "id": 99}},
        "twitter:15", "twitter:99"),
    "twint": Sample(
        {"id": "15", "conversation_id": "15", "created_at": "2016-10-25 19:21:56 EST", "date": "2016-10-25",
         "time": "19:21:56", "timezone": "-0500", "user_id": "99", "username": "ann", "name": "Ann", "place": "",
         "tweet": "no signal", "language": "en", "mentions": "[]", "replies_count": "0", "retweets_count": "0",
         "likes_count": "2", "link": "https://twitter.com/ann/status/15"},
        "twitter:15", "twitter:99", table=True),
    "brandwatch": Sample(
        {"Query Id": "1", "Query Name": "Acme", "Date": "2026-11-28 10:00:00.0", "Title": "",
         "Snippet": "no signal",
         "Url": "http://twitter.com/ann/status/15", "Domain": "twitter.com", "Sentiment": "negative",
         "Page Type": "twitter", "Language": "en", "Author": "ann", "Full Name": "ann (Ann)",
          "Full Text": "no signal"},
        "twitter:http://twitter.com/ann/status/15", "twitter:ann", table=True),
    "meltwater": Sample(
        {"Date": "28-Nov-2026 10:00AM", "Headline": "", "URL": "https://twitter.com/ann/status/15",
         "Opening Text": "no signal", "Hit Sentence": "no signal", "Source": "Twitter", "Influencer": "@ann",
         "Country": "Germany", "Language": "English", "Reach": "120"},
        "twitter:https://twitter.com/ann/status/15", "twitter:ann", table=True),
    "meltwater-documents": Sample(
        {"Date": "28-Nov-2026", "Time": "10:00 AM", "Document ID": "d15", "URL": "https://x.com/ann/status/15",
         "Input Name": "Acme", "Keywords": "acme", "Information Type": "Social", "Source Name": "X",
         "Source Domain": "x.com", "Content Type": "post", "Author Name": "Ann", "Author Handle": "@ann",
         "Opening Text": "no signal", "Hit Sentence": "no signal", "Likes": "2", "Replies": "0", "Reposts": "1"},
        "twitter:d15", "twitter:ann", table=True),
    "sprout-social": Sample(
        {"data": [{"post_category": "POST", "post_type": "TWEET", "created_time": "2026-11-28T10:00:00Z",
         "guid": "t:15",
                   "text": "no signal", "network": "TWITTER", "perma_link": "https://twitter.com/ann/status/15",
                   "from": {"guid": "twitter:99", "name": "Ann", "screen_name": "ann"}}]},
        "twitter:t:15", "twitter:99"),
    "talkwalker": Sample(
        {"data": {"url": "http://example.com/cats", "indexed": 1417999367498, "search_indexed": 1417999504832,
                  "published": 1417999319393, "title": "Cats", "content": "no signal", "lang": "en",
                  "source_type": ["BLOG", "BLOG_OTHER"], "extra_author_attributes": {"id": "ann", "name": "Ann"}}},
        "blog_other:http://example.com/cats", "blog_other:ann"),
    "reddit-comments": Sample(
        {"id": "kx1", "author": "ann", "author_fullname": "t2_9", "body": "no signal", "created_utc": 1764300000,
         "link_id": "t3_aa1", "parent_id": "t1_kx0", "score": -4, "subreddit": "acme"},
        "reddit:t1_kx1", "reddit:t2_9"),
    "reddit-posts": Sample(
        {"id": "aa1", "author": "[deleted]", "title": "no signal", "selftext": "for days",
         "created_utc": 1764300000,
         "is_self": True, "num_comments": 3, "score": 7, "subreddit": "acme"},
        "reddit:t3_aa1", "reddit:anonymous-"),
    "mastodon": Sample(
        {"id": "103", "uri": "https://m.example/users/ann/statuses/103", "created_at": "2026-11-28T10:00:00.000Z",
         "content": "<p>no <em>signal</em></p>", "visibility": "private", "spoiler_text": "", "language": "en",
         "in_reply_to_id": None, "account": {"id": "9", "acct": "ann", "display_name": "Ann",
          "followers_count": 2}},
        "mastodon:103", "mastodon:9"),
    "bluesky": Sample(
        {"uri": "at://did:plc:ann/app.bsky.feed.post/3k", "cid": "bafy", "author": AUTHOR, "likeCount": 1,
         "record": {"$type": "app.bsky.feed.post", "text": "no signal", "createdAt": "2026-11-28T10:00:00.000Z",
                    "langs": ["en"]}, "indexedAt": "2026-11-28T10:00:01.000Z"},
        "bluesky:at://did:plc:ann/app.bsky.feed.post/3k", "bluesky:did:plc:ann"),
    "youtube-comments": Sample(
        {"kind": "youtube#commentThread", "id": "Ug1", "snippet": {"videoId": "v", "canReply": True,
         "topLevelComment": {"kind": "youtube#comment", "id": "Ug1", "snippet": COMMENT}},
         "replies": {"comments": [{"id": "Ug1.2", "snippet": COMMENT | {"parentId": "Ug1"}}]}},
        "youtube:Ug1", "youtube:UCann"),
    "google-play-csv": Sample(
        {"Package Name": "com.acme.app", "App Version Code": "238", "Reviewer Language": "de",
         "Review Submit Date and Time": "2026-11-28T09:55:41Z",
          "Review Submit Millis Since Epoch": "1795859741143",
         "Star Rating": "1", "Review Title": "", "Review Text": "crashes",
         "Review Link": "http://play.google.com/console/x?reviewId=gp:AOqp1&corpus=PUBLIC_REVIEWS"},
        "google_play:gp:AOqp1", "google_play:anonymous-", table=True),
    "google-play-api": Sample(
        {"reviewId": "gp:1", "authorName": "A Google user", "comments": [{"userComment": {
            "text": "crashes", "starRating": 1, "reviewerLanguage": "en",
             "lastModified": {"seconds": "1764300000"}}}]},
        "google_play:gp:1", "google_play:anonymous-"),
    "app-store": Sample(
        {"type": "customerReviews", "id": "00000028-b08c", "attributes": {"rating": 1, "title": "No",
         "body": "crashes",
         "reviewerNickname": "ann_b", "createdDate": "2026-11-15T08:10:34-08:00", "territory": "USA"}},
        "app_store:00000028-b08c", "app_store:USA-ann_b"),
    "trustpilot": Sample(
        {"id": "5f", "consumer": {"id": "9a", "displayName": "Ann"}, "stars": 1, "title": "Never again",
         "text": "no refund", "language": "en", "createdAt": "2026-11-28T10:00:00Z",
         "businessUnit": {"displayName": "Acme"}},
        "trustpilot:5f", "trustpilot:9a"),
    "zendesk": Sample(
        {"tickets": [{"id": 35, "subject": "Bill", "comments": [
            {"id": 1, "type": "Comment", "author_id": 9, "body": "wrong", "plain_body": "wrong &amp; late",
             "public": True, "created_at": "2026-11-28T10:00:00Z"},
            {"id": 2, "type": "Comment", "author_id": 7, "body": "note", "public": False,
             "created_at": "2026-11-28T10:05:00Z"}]}]},
        "zendesk:1", "zendesk:9"),
    "chatwoot": Sample(
        {"payload": [
            {"id": 1, "content": "wrong bill", "message_type": 0, "conversation_id": 4, "created_at": 1764300000,
             "private": False, "sender": {"id": 9, "name": "Ann", "type": "contact"}},
            {"id": 2, "content": "note", "message_type": 1, "conversation_id": 4, "created_at": 1764300060,
             "private": True, "sender": {"id": 7, "name": "Bob", "type": "user"}}]},
        "chatwoot:1", "chatwoot:contact-9"),
    "discourse": Sample(
        {"title": "No signal", "archetype": "private_message", "post_stream": {"posts": [
            {"id": 31, "username": "ann", "user_id": 9, "cooked": "<p>no signal</p>", "post_number": 1,
             "topic_id": 12,
             "created_at": "2026-11-28T10:00:00.000Z", "reply_count": 0, "reads": 4, "post_type": 1},
            {"id": 32, "username": "bob", "user_id": 8, "cooked": "<p>a whisper</p>", "post_number": 2,
             "topic_id": 12, "created_at": "2026-11-28T10:00:00.000Z", "post_type": 4}]}},
        "discourse:31", "discourse:9"),
    "facebook-comments": Sample(
        {"data": [{"id": "77_88", "message": "no signal", "created_time": "2026-11-28T10:00:00+0000",
                   "from": {"id": "9", "name": "Ann"}, "like_count": 1}]},
        "facebook:77_88", "facebook:9"),
    "facebook-messages": Sample(
        {"data": [{"id": "m_7", "message": "my bill", "created_time": "2026-11-28T10:00:00+0000",
                   "from": {"id": "9", "name": "Ann"}, "to": {"data": [{"id": "1", "name": "Acme"}]}}]},
        "facebook:m_7", "facebook:9"),
    "reddit-inbox": Sample(
        {"data": {"children": [
            {"kind": "t4", "data": {
                "id": "a", "name": "t4_a", "author": "ann", "author_fullname": "t2_9", "body": "my bill",
                "subject": "Bill", "created_utc": 1764300000, "parent_id": None, "dest": "acme",
                "was_comment": False}}]}},
        "reddit:t4_a", "reddit:t2_9"),
}  # fmt: skip
"""One sample for each map in deploy/maps, by the name of the map."""
