"""Finds the names in a statement by which it would reach out of the embedded server.

The engine's own lists of table functions and settings say which names there are. A name that makes the engine read
SQL out of a string is closed too, because the engine would do so after the statement was checked.
"""

import re
from collections.abc import Collection, Mapping

TABLE_FUNCTIONS = frozenset({
    "fuzzquery", "generate_series", "generateseries", "loop", "merge", "numbers", "numbers_mt", "primes",
    "sqlstandardvalues", "view", "viewexplain", "zeros", "zeros_mt",
})  # fmt: skip
"""Table functions that reach nothing but tables and take no structure. Every other one is closed.

A structure is SQL in a string, as in `values('a Int8, b String ALIAS file(...)', 1)`, and so are the data of
`format(Values, ...)`. The scalar `format` is closed with it, because both are called alike. `printf` and `concat`
do the same work.
"""

OTHER_CLOSED = frozenset({
    "aiclassify", "aiembed", "aiextract", "aifilter", "aigenerate", "airedact", "aisimilarity", "aitranslate",
    "disk", "file",
})  # fmt: skip
"""Names that are no table functions, but reach files (`SETTINGS disk = disk(...)`, the scalar `file(...)`) or a
provider."""

FREE_TEXT = frozenset({"Dialect", "Map", "String", "URI"})
"""Types of settings whose value may be any text, and so also SQL, a path or an address. Other types refuse such a
value."""

TEXT_SETTINGS = frozenset({
    "auto_statistics_types", "bool_false_representation", "bool_true_representation",
    "columns_to_prewarm_mark_cache", "default_compression_codec", "errors_output_format",
    "exclude_materialize_skip_indexes_on_insert", "exclude_materialize_skip_indexes_on_merge",
    "force_data_skipping_indices", "force_optimize_projection_name", "format_csv_null_representation",
    "format_custom_field_delimiter", "format_custom_result_after_delimiter",
    "format_custom_result_before_delimiter", "format_custom_row_after_delimiter",
    "format_custom_row_before_delimiter", "format_custom_row_between_delimiter",
    "format_json_object_each_row_column_for_object_name", "format_regexp", "format_tsv_null_representation",
    "ignore_data_skipping_indices", "insert_deduplication_token", "marks_compression_codec",
    "network_compression_method",
    "output_format_avro_codec", "output_format_orc_writer_time_zone_name",
    "output_format_pretty_grid_charset", "output_format_sql_insert_table_name",
    "preferred_optimize_projection_name", "primary_key_compression_codec", "query_cache_tag",
})  # fmt: skip
"""Settings of those types that are open, of queries and of tables. Their values are plain values or names of a
table's own parts. All others are closed, such as `additional_result_filter` and
`format_avro_schema_registry_url`."""

VALUE = r"(?:'[^']*'|\{[^{}]*\}|-?\w[\w.]*(?:[+-]\d+)?)"
SETTING = re.compile(rf"`?([\w.]+)`?(?: = {VALUE})?")
SETTINGS = re.compile(
    rf"(?:^SET | SETTINGS \(?|[ (,]SETTINGS | SETTING )({SETTING.pattern}(?:, {SETTING.pattern})*)"
)


class ClosedNames:
    """The names that are closed. What a new engine adds is closed until it is listed above.

    Args:
        table_functions: all that the engine has.
        settings: type by name, of all that the engine has, aliases too.
    """

    def __init__(self, table_functions: Collection[str], settings: Mapping[str, str]) -> None:
        names = {name.casefold() for name in table_functions} - TABLE_FUNCTIONS | OTHER_CLOSED
        choice = "|".join(sorted(map(re.escape, names)))
        # `file` is also closed as a bare name, because `arrayMap(file, ...)` calls it. A column of that name is
        # written `t.file`.
        self._calls = re.compile(rf"(?i)(?<![\w.`])`?({choice})`?\(|(?<![\w.`])(file)(?![\w`])")
        # NULL is a value nearly always. It is a table function only where it is called, perhaps after a comment.
        self._named = re.compile(rf"(?i)\b(?!null\b(?!\s*[(/#-]))({choice}|settings)\b")
        closed = {name for name, type_ in settings.items() if type_ in FREE_TEXT} - TEXT_SETTINGS
        self._settings = closed | {"profile"}

    def call(self, canonical: str) -> str | None:
        """Returns the closed name that a canonical text uses, if there is one."""
        match = self._calls.search(canonical)
        return match and (match[1] or match[2])

    def may_be_named(self, raw: str) -> bool:
        """Whether raw text may use a closed name, be it by that name, by a quoted name that hides it, or in a
        second statement."""
        hidden = "`" in raw or ";" in raw or ("\\" in raw and '"' in raw)
        return hidden or self._named.search(raw) is not None

    def closes_setting(self, name: str) -> bool:
        """Whether nobody may give this setting a value."""
        return name in self._settings

    def setting(self, plain: str) -> str | None:
        """Returns the closed setting that a canonical text with its strings blotted out gives a value."""
        for clause in SETTINGS.finditer(plain):
            names = [item[1] for item in SETTING.finditer(clause[1])]
            closed = [name for name in names if self.closes_setting(name)]
            # A clause that goes on otherwise was not read to its end.
            if closed or plain[clause.end() : clause.end() + 1] not in ("", " ", ")"):
                return (closed or names[-1:])[0]
        return None
