"""Guesses a map from the names of columns and what stands in them, for an export whose source nobody knows."""

import re
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
        "|document id|nachrichten-id|beitrags-id|bewertungs-id|identyfikator|identificador"
        "|identifiant|id str|id|_id|guid|uid|id de la review|n°"
    ),
    "author.author_id": (
        "author id|user id|userid|authorid|from id|sender id|reviewer id|consumer id|customer id"
        "|nutzer-id|autor-id|author|user|username|user name|screen name|handle|from|sender|reviewer"
        "|author name|user.id|displayname|display name|name|nickname|autor|nutzer|nutzername|benutzer"
        "|benutzername|verfasser|kunde|absender|rezensent|auteur|utilisateur|nom|usuario|nombre|cliente"
        "|utente|autore|utilizador|usuário|gebruiker|naam|klant|użytkownik|klient|användare|bruker|bruger|käyttäjä"
        "|автор|пользователь|作者|用户|用户名|投稿者|ユーザー|작성자|사용자|kullanıcı|author.id|from.id|sender.id|reviewer.id|customer.id|consumer.id"
        "|user.screen_name|user.username|user.login|author.username|user.name|author.name|from.name|sender.name"
    ),
    "author.handle": "screen name|username|handle|user name|benutzername|nutzername|user.username",
    "author.name": "author name|display name|displayname|full name|reviewer name|kundenname|anzeigename",
    "created_at": (
        "created at|created|created utc|createdat|created time|created date|timestamp|date|time|datetime"
        "|published|published at|publishedat|post date|review date|submitted at|submission date|at"
        "|utcdate|date utc|review submit date and time|datum|zeit|zeitpunkt|zeitstempel|erstellt"
        "|erstellt am|verfasst am|uhrzeit|bewertungsdatum|eingang|fecha|fecha de creación"
        "|date de création|data|data di creazione|creado|data e hora|fecha y hora|datum en tijd|data utworzenia"
        "|dato|päivämäärä|дата|日期|时间|日付|日時|投稿日時|날짜|작성일|tarih"
    ),
    "text": (
        "full text|text|body|content|message|review text|review|comment|comment text|description|tweet"
        "|post|raw content|rawcontent|snippet|nachricht|inhalt|kommentar|beitrag|bewertungstext"
        "|rezension|beschreibung|freitext|texte|commentaire|contenu|texto|comentario|mensaje|contenido"
        "|testo|commento|recensione|mensagem|description text|body text|plain body|message body"
        "|bewertung|avis|reseña|note|bericht|reactie|opmerking|treść|opinia|komentarz|wiadomość|meddelande|recension"
        "|melding|viesti|текст|отзыв|комментарий|сообщение|内容|评论|正文|本文|コメント|レビュー|내용|리뷰|yorum|mesaj"
        "|comentário|avaliação"
    ),
    "title": (
        "title|review title|headline|subject|titel|betreff|überschrift|titre|sujet|título|asunto|titolo|oggetto"
    ),
    "rating": (
        "rating|stars|star rating|review rating|sterne|étoiles|estrellas|stelle|score|bewertung|note|puntuación"
        "|valutazione|punkte|ocena|waardering|betyg|оценка|评分|評価|별점|평점|puan|nota|avaliação"
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
        "visibility|sichtbarkeit|visibilidad|visibilité|visibilità|visibilidade|privacy|audience|private"
        "|is private|isprivate|privat|privado|privada|privato|privé|privée|prive|prywatny|protected|confidential"
        "|vertraulich"
        "|confidencial|confidentiel|riservato|internal|is internal|intern|interno|interne|非公開|비공개"
        "|public|is public|ispublic|öffentlich|público|publico|publique|pubblico|openbaar|publiczny|公開|공개"
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
_VISIBLE = frozenset(map(alike, (
    "visibility", "sichtbarkeit", "visibilidad", "visibilité", "visibilità", "visibilidade", "privacy", "audience",
)))  # fmt: skip
_PUBLIC = frozenset(map(alike, (
    "public", "is public", "ispublic", "öffentlich", "público", "publico", "publique", "pubblico", "openbaar",
    "publiczny", "公開", "공개",
)))  # fmt: skip
_NO = (
    "false",
    "no",
    "n",
    "f",
    "0",
    "0.0",
    "nein",
    "non",
    "não",
    "nao",
    "nee",
    "nie",
    "nej",
    "нет",
    "いいえ",
    "否",
)
_YES = ("true", "yes", "y", "t", "1", "1.0", "ja", "oui", "sí", "si", "sì", "sim", "tak", "да", "はい", "是")
_IS_PRIVATE = dict.fromkeys(_NO, "public")
_IS_PUBLIC = dict.fromkeys(_YES, "public")
"""What columns such as `private` and `public` say of posts that all may see. Any other word counts as direct."""
_DIRECT = frozenset(map(alike, (
    "dm", "direct message", "directmessage", "private message", "privatemessage", "twitter dm",
    "instagram dm", "x dm", "facebook private message", "messenger", "whatsapp", "privatnachricht",
    "direktnachricht", "persönliche nachricht", "message privé", "message direct", "mensaje privado",
    "mensaje directo", "mensagem direta", "mensagem privada", "messaggio privato", "messaggio diretto",
    "privébericht", "wiadomość prywatna",
)))  # fmt: skip
"""What columns of any name say of a message that only the brand can see."""
_MOST_KINDS = 20
_A_TAG = re.compile(
    r"<(?:p|br|div|span|a|b|i|em|strong|ul|ol|li|img|blockquote)\b[^<>]*>|</(?:p|div|a|span)>", re.I
)
_HTML_SHARE = 0.2
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
    values: dict[str, dict[str, str]] = {}
    if "visibility" not in found:
        column, words = _kinds_of_message([path for path in paths if path not in found.values()], columns, samples)
        if column is not None:
            feeds["visibility"], values = Feed(of=(column,)), {"visibility": words}
    elif (name := alike(found["visibility"])) not in _VISIBLE:
        values = {"visibility": _IS_PUBLIC if name in _PUBLIC else _IS_PRIVATE}
    markup = {"text": "html"} if "text" in found and _is_html(found["text"], columns is None, samples) else {}
    return SourceMap.model_validate(
        {"title": "guessed by the names of columns", "columns": feeds, "constants": constants, "values": values,
         "markup": markup}
    )  # fmt: skip


def _kinds_of_message(
    paths: Sequence[str], columns: Sequence[str] | None, samples: Sequence[Mapping[str, object]]
) -> tuple[str | None, dict[str, str]]:
    """Returns the column that says which posts are messages to the brand, whatever its name, with its words.

    A word that the sample does not have counts as direct, as an unknown visibility does.
    """
    for path in paths:
        words = {str(value).strip() for value in _values(path, columns is None, samples)}
        if len(words) <= _MOST_KINDS and any(alike(word) in _DIRECT for word in words):
            return path, {word: "direct" if alike(word) in _DIRECT else "public" for word in sorted(words)}
    return None, {}


def _is_html(name: str, is_path: bool, samples: Sequence[Mapping[str, object]]) -> bool:
    texts = [value for value in _values(name, is_path, samples) if isinstance(value, str)]
    return sum(bool(_A_TAG.search(text)) for text in texts) >= max(1, len(texts) * _HTML_SHARE)


def _values(name: str, is_path: bool, samples: Sequence[Mapping[str, object]]) -> list[object]:
    get = getter(name) if is_path else lambda entry: entry.record.get(name.removesuffix("#1"))
    return [value for record in samples if (value := get(Entry(record))) not in (None, "", [], {})]


def _may_be(target: str, name: str, is_path: bool, samples: Sequence[Mapping[str, object]]) -> bool:
    """Whether most of the cells that are not empty can be the value of the field."""
    values = _values(name, is_path, samples)
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
