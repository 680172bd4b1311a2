"""Defines the map of a list of customers: where each field of a CustomerLink stands.

It is written as a map of posts is, by the same rules.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator

from pipeline.errors import Misconfigured
from pipeline.ingest.sources.header import alike
from pipeline.ingest.sources.source_map import Feed, SourceMap, Spelled, fed_by

HANDLE = "handle."
"""A target `handle.x` is a column with handles on the network x. A row may have several of these."""
LINK_TARGETS = (
    "workspace", "platform", "author_id", "customer_id", "kind", "value", "tier", "segment", "languages",
    "preferred_channel", "confidence", "source", "updated_at", "deleted",
)  # fmt: skip
_NAMES: Mapping[str, str] = {
    "workspace": "workspace",
    "platform": "platform|network|channel name|plattform|netzwerk|réseau|plataforma|red social",
    "author_id": "author id|author|handle|user id|user name|username|screen name|profile id|nutzername"
    "|benutzername|identifiant|usuario|utente",
    "customer_id": "customer id|customer|client id|account id|account number|contact id|crm id|kundennummer"
    "|kunden-nr|kunde|kundenid|numéro client|id client|id cliente|número de cliente|codice cliente",
    "kind": "kind|customer kind|customer type|record type|lifecycle stage|kundenart|type de client",
    "value": "value|customer value|value score|kundenwert|valeur client|valor",
    "tier": "tier|customer tier|value tier|loyalty tier|stufe|kundenstufe|niveau|nivel",
    "segment": "segment|customer segment|kundensegment|segmento",
    "languages": "languages|language|preferred language|sprache|sprachen|langue|idioma|lingua",
    "preferred_channel": "preferred channel|preferred contact method|bevorzugter kanal|canal préféré"
    "|canal preferido",
    "confidence": "confidence|link confidence|match confidence|match score|konfidenz|confiance|confianza",
    "source": "source|link source|match source|quelle|source du lien|fuente",
    "updated_at": "updated at|last modified|last modified date|modified|changed at|geändert am|modifié le",
    "deleted": "deleted|is deleted|removed|gelöscht|supprimé|eliminado",
}
"""Names of columns for each field in order of preference, in English, German, French, Spanish and Italian."""
_NETWORKS: Mapping[str, str] = {
    "x": "x|x handle|twitter|twitter handle|twitter username|twitter id",
    "bluesky": "bluesky|bluesky handle|bluesky did",
    "mastodon": "mastodon|mastodon handle|mastodon address",
    "instagram": "instagram|instagram handle|instagram username|instagram id",
    "facebook": "facebook|facebook id|facebook psid",
    "youtube": "youtube|youtube channel|youtube channel id",
    "tiktok": "tiktok|tiktok handle",
    "reddit": "reddit|reddit username|reddit user",
}
_NETWORK = re.compile(r"[a-z][a-z0-9_]{0,31}")


def a_target(name: str) -> str:
    """Returns the name of a field that a map may feed.

    Raises:
        ValueError: there is no such field.
    """
    if name in LINK_TARGETS or (name.startswith(HANDLE) and _NETWORK.fullmatch(name.removeprefix(HANDLE))):
        return name
    raise ValueError(
        f"CustomerLink has no field {name}; there are {', '.join(sorted(LINK_TARGETS))}, {HANDLE}NETWORK"
    )


Target = Annotated[str, AfterValidator(a_target)]


class CustomerMap(SourceMap):
    """Where the fields of links to customers stand in a company's list."""

    columns: Mapping[Target, Annotated[Feed, BeforeValidator(fed_by)]] = {}
    constants: Mapping[Target, Spelled] = {}
    values: Mapping[Target, Mapping[Spelled, Spelled]] = {}

    def checked(self) -> Self:
        """Returns the map itself.

        Raises:
            Misconfigured: a field that every link needs has no source.
        """
        found = {*self.columns, *self.constants}
        missing = [name for name in ("customer_id", "workspace") if name not in found]
        if not any(name == "author_id" or name.startswith(HANDLE) for name in found):
            missing.append("author_id")
        if missing:
            raise Misconfigured(
                f"column map: no source for {', '.join(missing)}: name a column (customer_id=Number, "
                "author_id=Handle with --platform, or handle.x=Twitter), a constant (workspace==acme), or use "
                "--workspace"
            )
        return self


def guessed(columns: Sequence[str]) -> CustomerMap:
    """Returns a map by the names of the columns. Columns with names that nobody knows feed nothing."""
    named: dict[str, str] = {}
    for name in columns:
        named.setdefault(alike(name), name)
    found: dict[str, Feed] = {}
    for field, names in {
        **_NAMES,
        **{f"{HANDLE}{network}": names for network, names in _NETWORKS.items()},
    }.items():
        column = next((named[alike(one)] for one in names.split("|") if alike(one) in named), None)
        if column is not None:
            found[field] = Feed(of=(column,))
    return CustomerMap(title="guessed by the names of columns", columns=found)


AS_IT_IS = CustomerMap(
    title="the fields of CustomerLink", columns={name: Feed(of=(name,)) for name in LINK_TARGETS}
)
"""The map of JSON that has the contract's own fields."""
