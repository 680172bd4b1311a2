"""Guesses a map from the names of columns and what stands in them, for an export whose source nobody knows."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from pipeline.errors import Permanent
from pipeline.ingest.sources.header import alike
from pipeline.ingest.sources.paths import Entry, getter
from pipeline.ingest.sources.source_map import COUNT_TARGETS, NUMBER_TARGETS, TIME_TARGETS, Feed, SourceMap
from pipeline.ingest.sources.values.amounts import number
from pipeline.ingest.sources.values.times import Times

_NAMES: Mapping[str, str] = {
    "post_id": (
        "post id|tweet id|review id|comment id|message id|mention id|status id|ticket id|resource id"
        "|document id|nachrichten-id|beitrags-id|bewertungs-id|id str|id|_id|guid|uid|id de la review|n°"
    ),
    "author.author_id": (
        "author id|user id|userid|authorid|from id|sender id|reviewer id|consumer id|customer id"
        "|nutzer-id|autor-id|author|user|username|user name|screen name|handle|from|sender|reviewer"
        "|author name|user.id|displayname|display name|name|nickname|autor|nutzer|nutzername|benutzer"
        "|benutzername|verfasser|kunde|absender|rezensent|auteur|utilisateur|nom|usuario|nombre|cliente"
        "|utente|autore|utilizador|author.id|from.id|sender.id|reviewer.id|customer.id|consumer.id"
    ),
    "author.handle": "screen name|username|handle|user name|benutzername|nutzername|user.username",
    "author.name": "author name|display name|displayname|full name|reviewer name|kundenname|anzeigename",
    "created_at": (
        "created at|created|created utc|createdat|created time|created date|timestamp|date|time|datetime"
        "|published|published at|publishedat|post date|review date|submitted at|submission date|at"
        "|utcdate|date utc|review submit date and time|datum|zeit|zeitpunkt|zeitstempel|erstellt"
        "|erstellt am|verfasst am|uhrzeit|bewertungsdatum|eingang|fecha|fecha de creación"
        "|date de création|data|data di creazione|creado"
    ),
    "text": (
        "full text|text|body|content|message|review text|review|comment|comment text|description|tweet"
        "|post|raw content|rawcontent|snippet|nachricht|inhalt|kommentar|beitrag|bewertungstext"
        "|rezension|beschreibung|freitext|texte|commentaire|contenu|texto|comentario|mensaje|contenido"
        "|testo|commento|recensione|mensagem|description text|body text|plain body|message body"
        "|bewertung|avis|reseña|note"
    ),
    "title": (
        "title|review title|headline|subject|titel|betreff|überschrift|titre|sujet|título|asunto|titolo|oggetto"
    ),
    "rating": (
        "rating|stars|star rating|review rating|sterne|étoiles|estrellas|stelle|score|bewertung|note|puntuación"
        "|valutazione|punkte"
    ),
    "place": "store|location|shop|branch|filiale|standort|ort|markt|magasin|tienda|negozio",
    "lang": "language|lang|sprache|langue|idioma|lingua|reviewer language",
    "url": "url|link|permalink|post url|review link|adresse|enlace|lien",
    "platform": "platform|network|source type|medium|kanal|plattform|netzwerk|quelle",
    "in_reply_to": (
        "in reply to|in reply to id|in reply to status id|in response to tweet id|reply to|parent id|antwort auf"
    ),
    "conversation_id": "conversation id|thread id|thread|conversation|link id|gespräch",
    "visibility": (
        "visibility|sichtbarkeit|privacy|audience|private|is private|isprivate|privat|protected|confidential"
    ),
    "author.followers": "followers|follower|followers count|follower count|author followers|abonnenten|seguidores",
    "metrics.likes": "likes|like count|favorites|favourites|favorite count|likes count|gefällt mir|me gusta",
    "metrics.reposts": "retweets|retweet count|reposts|shares|share count|geteilt",
    "metrics.replies": "replies|reply count|comments count|comment count|antworten",
    "metrics.views": "views|view count|impressions|aufrufe",
}
"""Names of columns for each field in order of preference, in English, German, French, Spanish and Italian."""
_FIELDS = {target: [alike(name) for name in names.split("|")] for target, names in _NAMES.items()}
_TIMES = (Times(("excel",), None, "dmy"), Times(("%y%m%d%H%M",), None, "mdy"), Times((), None, "ymd"))
"""Reads whatever may be a time, with either order of day and month."""
_VISIBLE = frozenset(map(alike, ("visibility", "sichtbarkeit", "privacy", "audience")))
_NOT_PRIVATE = dict.fromkeys(("false", "no", "n", "f", "0", "0.0", "nein", "non"), "public")
"""What columns such as `private` say of posts that all may see. Any other word of them counts as direct."""
_TELLING = (
    "created_at", "author.author_id", "title", "text", "rating", "place", "conversation_id", "url"
)  # fmt: skip
"""An id is made of all of these, because many reviews of a day have no text."""
_MAY_SHARE = frozenset({"author.handle", "author.name"})


def guessed(columns: Sequence[str] | None, samples: Sequence[Mapping[str, object]]) -> SourceMap | None:
    """Returns a map by the names of columns, or of the paths of JSON entries.

    It returns None if there is no time, or neither a text nor a rating. A column is taken only if most of its
    cells can be what its name says, because `Bewertung` is the words of a review in some exports and its stars in
    others. Where no column looks like an id, the id is made of what tells posts apart.
    """
    paths = list(columns) if columns is not None else _paths(samples)
    named: dict[str, str] = {}
    for path in paths:
        # Of several columns of one name the first is taken, and the map says so.
        named.setdefault(alike(path), f"{path}#1" if f"{path}#2" in paths else path)
    found: dict[str, str] = {}
    for target, names in _FIELDS.items():
        taken = set() if target in _MAY_SHARE else set(found.values())
        likely = (named[name] for name in names if name in named and named[name] not in taken)
        column = next((name for name in likely if _may_be(target, name, columns is None, samples)), None)
        if column is not None:
            found[target] = column
    # What has only a title has its text where nobody has looked.
    has_content = "text" in found or "rating" in found
    if "created_at" not in found or not has_content:
        return None
    feeds = {target: Feed(of=(column,)) for target, column in found.items()}
    for name in _MAY_SHARE:
        if found.get(name) == found.get("author.author_id"):
            feeds.pop(name, None)
    if "post_id" not in feeds:
        parts = [found[name] for name in _TELLING if name in found]
        feeds["post_id"] = Feed(of=tuple(parts), how="hash")
    constants = {} if "author.author_id" in feeds else {"author.anonymous": "true"}
    asks_whether_private = "visibility" in found and alike(found["visibility"]) not in _VISIBLE
    values = {"visibility": _NOT_PRIVATE} if asks_whether_private else {}
    return SourceMap(title="guessed by the names of columns", columns=feeds, constants=constants, values=values)


def _may_be(target: str, name: str, is_path: bool, samples: Sequence[Mapping[str, object]]) -> bool:
    """Whether most of the cells that are not empty can be the value of the field."""
    get = getter(name) if is_path else lambda entry: entry.record.get(name.removesuffix("#1"))
    values = [value for record in samples if (value := get(Entry(record))) not in (None, "", [], {})]
    if target in COUNT_TARGETS | NUMBER_TARGETS:
        fits = sum(map(_is_number, values))
    elif target in TIME_TARGETS:
        fits = sum(map(_is_time, values))
    elif target in ("text", "title"):
        fits = sum(isinstance(value, str) and not _is_number(value) for value in values)
    else:
        return True
    return 2 * fits >= len(values)


def _is_number(value: object) -> bool:
    return any(_is_there(partial(number, value, sign, False, [])) for sign in ".,")


def _is_time(value: object) -> bool:
    return any(_is_there(partial(read, value, [])) for read in _TIMES)


def _is_there(read: Callable[[], object]) -> bool:
    with suppress(Permanent):
        return read() is not None
    return False


def _paths(samples: Sequence[Mapping[str, object]]) -> list[str]:
    """Returns the names of all fields of the entries, and those one level down as `user.id`."""
    found: dict[str, None] = {}
    for record in samples:
        for name, value in record.items():
            if isinstance(value, Mapping):
                found |= dict.fromkeys(f"{name}.{inner}" for inner in value)
            else:
                found[name] = None
    return list(found)
