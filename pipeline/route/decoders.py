"""Decodes what the router reads of messages into msgspec structs, many times as fast as the contract's models.

The rules stand in the contract alone. Each struct is derived from its model, field by field, and a rule that has
no counterpart here raises at import. A struct that declares fields has these alone. The other fields of its model
count as unknown ones, which are skipped and not looked at: to check the signals of a post, which nobody reads
here, took half of the decoding. What a struct refuses goes to the model. That either explains the refusal, or
accepts another spelling of a right value (`"3"` for 3), and writes the message in the spelling that structs read.

The patterns of texts are checked after a message is decoded. Most texts are words that come again and again, of
which it is known that they keep their pattern. To search each of them while decoding took two thirds of that.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from msgspec import Meta, Struct
from pydantic import AfterValidator, AllowInfNan, AwareDatetime, BaseModel, RootModel, StringConstraints
from pydantic.fields import FieldInfo

from pipeline.codec import decode, encode
from schemas.base import Unknown, UtcDatetime

S = TypeVar("S", bound=Struct)
Bases = Mapping[type[BaseModel], type[Struct]]

TIME_PATTERN = (
    r"^(?:(?:199|20\d)\d-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    r"|(?:0[13578]|1[02])-31)|(?:199[26]|20(?:[02468][048]|[13579][26]))-02-29)"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d\d\dZ\Z"
)
"""Times as the contract writes them, from EARLIEST to LATEST. They stay text, because hardly one is ever read."""


class Decoder(Generic[S]):
    """Reads the values of one topic.

    Args:
        model: the contract of the values. A RootModel must be a union that a tag tells apart.
        bases: which struct a model's values are made instances of. It declares the fields that are read, with
            those on which the rules between fields depend. A model without one is read whole.
    """

    def __init__(self, model: type[BaseModel], bases: Bases) -> None:
        self._model = model
        deriver = _Deriver(bases)
        self._decoder: msgspec.json.Decoder[S] = msgspec.json.Decoder(deriver.any(model))
        self._patterns = {made: _Patterns(made) for made in deriver.made.values()}

    def decode(self, value: bytes | None) -> S:
        """Returns the message.

        Raises:
            Permanent: as `pipeline.codec.decode` does for the model.
        """
        try:
            message = self._decoder.decode(value or b"")
        except (ValueError, RecursionError):
            pass
        else:
            if self._patterns[type(message)].are_kept(message):
                return message
        return self._decoder.decode(encode(decode(self._model, value)))


class _Pattern(NamedTuple):
    """A pattern of a text in the type of its field, which msgspec ignores."""

    regex: str


class _Patterns:
    """The patterns of the texts of a struct and of its parts.

    Args:
        struct: with `_Pattern` in the types of its fields.

    Raises:
        TypeError: texts stand where they cannot be found.
    """

    def __init__(self, struct: type[Struct]) -> None:
        texts: dict[str, list[str]] = {}
        self._texts: list[tuple[Callable[[Any], Iterable[str | None]], set[str | None], Search]] = []
        """What gets the texts of one pattern, those that are known to have it, and what finds out."""
        self._parts: list[Callable[[Any], bool]] = []
        self._gather(struct, "", texts)
        self.only: tuple[str, str] | None = None
        """Name and pattern of the only text that has one; None where there are more."""
        if not self._texts and not self._parts and [len(names) for names in texts.values()] == [1]:
            [(regex, [name])] = texts.items()
            self.only = name, regex
        for regex, names in texts.items():
            # With one name alone, attrgetter would return its text and no tuple.
            self._add(regex, attrgetter(*names, names[0]))

    def are_kept(self, struct: Any) -> bool:
        """Whether all texts keep their patterns."""
        for get, known, search in self._texts:
            for text in get(struct):
                if text not in known:
                    if search(text) is None:  # type: ignore[arg-type] # None is known
                        return False
                    if len(known) < MOST_KNOWN:
                        known.add(text)
        for check in self._parts:  # noqa: SIM110 # a generator would take as long as the checks
            if not check(struct):
                return False
        return True

    def _add(self, regex: str, get: Callable[[Any], Iterable[str | None]]) -> None:
        self._texts.append((get, _known(regex), re.compile(regex).search))

    def _gather(self, struct: type[Struct], path: str, texts: dict[str, list[str]]) -> None:
        for field in msgspec.structs.fields(struct):
            name, (type_, is_optional) = path + field.name, _without_none(field.type)
            inner = get_args(type_)[0] if get_origin(type_) is Annotated else type_
            if regex := _regex(type_):
                texts.setdefault(regex, []).append(name)
            elif _is_struct(inner) and is_optional:
                self._gather_part(attrgetter(name), _Patterns(inner))
            elif _is_struct(inner):
                self._gather(inner, f"{name}.", texts)
            elif get_origin(inner) in (tuple, dict) and not is_optional:
                self._gather_many(attrgetter(name), get_args(inner)[0])
            elif "_Pattern" in repr(type_):
                raise TypeError(f"{name}: texts with a pattern cannot be found in {type_}")

    def _gather_part(self, get: Callable[[Any], Any], patterns: "_Patterns") -> None:
        if patterns.only is not None:
            text_of = attrgetter(patterns.only[0])
            self._add(patterns.only[1], lambda struct: () if (part := get(struct)) is None else (text_of(part),))
        elif patterns._texts or patterns._parts:
            self._parts.append(lambda struct: (part := get(struct)) is None or patterns.are_kept(part))

    def _gather_many(self, get: Callable[[Any], Any], item: Any) -> None:
        if regex := _regex(item):
            self._add(regex, get)
        elif _is_struct(item) and (patterns := _Patterns(item)).only is not None:
            text_of = attrgetter(patterns.only[0])
            self._add(patterns.only[1], lambda struct: map(text_of, parts) if (parts := get(struct)) else ())
        elif _is_struct(item):
            self._parts.append(lambda struct: all(map(patterns.are_kept, get(struct))))


Search = Callable[[str], re.Match[str] | None]
MOST_KNOWN = 1024
"""Texts of a pattern that are remembered. There are fewer words, and ids are seldom worth it."""


@cache
def _known(regex: str) -> set[str | None]:  # noqa: ARG001 # by which it is remembered
    """Returns texts that have the pattern, to which others are added. None has every pattern."""
    return {None}


class _Deriver:
    def __init__(self, bases: Bases) -> None:
        self._bases = bases
        self.made: dict[type[BaseModel], type[Struct]] = {}

    def any(self, model: type[BaseModel]) -> Any:
        """Returns the struct of a model, or the union of the structs of a RootModel."""
        if not issubclass(model, RootModel):
            return self.struct(model)
        root = model.model_fields["root"]
        tag = root.discriminator
        assert isinstance(tag, str)
        return Union[tuple(self.struct(part, tag) for part in get_args(root.annotation))]  # noqa: UP007

    def struct(self, model: type[BaseModel], tag_field: str | None = None) -> type[Struct]:
        """Returns the struct with the fields and rules of a model; `tag_field` becomes its tag."""
        if model not in self.made:
            base = self._bases.get(model, Struct)
            read = base.__struct_fields__ or tuple(model.model_fields)
            names = [name for name in model.model_fields if name in read and name != tag_field]
            tag = None if tag_field is None else model.model_fields[tag_field].default
            rules = list(_rules(model))
            self.made[model] = msgspec.defstruct(
                model.__name__,
                [self._field(name, model.model_fields[name]) for name in names],
                bases=(base,),
                namespace=({"__post_init__": _check(rules)} if rules else {})
                | ({tag_field: tag} if tag_field else {}),
                tag=tag,
                tag_field=tag_field,
                # Absent and null mean the same in the contract, so nulls would only take room.
                omit_defaults=True,
                kw_only=True,
                gc=False,
            )
        return self.made[model]

    def _field(self, name: str, info: FieldInfo) -> tuple[str, Any, Any]:
        if info.alias is not None or info.validation_alias is not None:
            raise TypeError(f"{name}: a field with an alias cannot be derived")
        type_ = self._type(info.annotation, info.metadata)
        if info.is_required():
            return name, type_, msgspec.NODEFAULT
        default = info.get_default(call_default_factory=True, validated_data={})
        # By a factory, so that a struct is written with its defaults, as a model is.
        return name, type_, None if default is None else msgspec.field(default_factory=lambda: default)

    def _type(self, annotation: Any, rules: Sequence[Any] = ()) -> Any:
        origin, args = get_origin(annotation), get_args(annotation)
        if _is_time(annotation, rules):
            return Annotated[str, _Pattern(TIME_PATTERN)]
        if origin is Annotated:
            return self._type(args[0], [*args[1:], *rules])
        if origin in (Union, UnionType):
            return Union[tuple(None if a is NoneType else self._type(a, rules) for a in args)]  # noqa: UP007
        if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
            return _limited(tuple[self._type(args[0]), ...], rules)  # type: ignore[misc]
        if origin is dict:
            return _limited(dict[self._type(args[0]), self._type(args[1])], rules)  # type: ignore[misc]
        if origin is Literal and not list(_flat(rules)):
            return annotation
        if annotation in (str, int, float, bool):
            return _limited(annotation, rules)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not list(_flat(rules)):
            return self.struct(annotation)
        raise TypeError(f"{annotation} with {list(rules)} has no counterpart in msgspec")


def _is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, Struct)


def _without_none(type_: Any) -> tuple[Any, bool]:
    """Returns a type without None, and whether that was one of its types."""
    if get_origin(type_) not in (Union, UnionType):
        return type_, False
    others = tuple(part for part in get_args(type_) if part is not NoneType)
    return Union[others], NoneType in get_args(type_)  # noqa: UP007


def _regex(type_: Any) -> str | None:
    """Returns the pattern of a text; None for whatever has none itself."""
    said = get_args(type_)[1:] if get_origin(type_) is Annotated else ()
    return next((rule.regex for rule in said if isinstance(rule, _Pattern)), None)


def _is_time(annotation: Any, rules: Sequence[Any]) -> bool:
    if annotation is not AwareDatetime:
        return False
    contract = [rule for rule in get_args(UtcDatetime) if isinstance(rule, AfterValidator)]
    if [rule for rule in rules if isinstance(rule, AfterValidator)] != contract:
        raise TypeError("a time is read by UtcDatetime alone")
    return True


def _rules(model: type[BaseModel]) -> Iterator[Callable[[Any], object]]:
    """Yields the rules between the fields of a model, which take whatever has these fields."""
    all_rules = model.__pydantic_decorators__
    if all_rules.validators or all_rules.field_validators or all_rules.root_validators:
        raise TypeError(f"{model.__name__}: only rules of mode `after` on the whole model can be derived")
    for rule in all_rules.model_validators.values():
        if rule.info.mode != "after":
            raise TypeError(f"{model.__name__}.{rule.cls_var_name}: only rules of mode `after` can be derived")
        yield rule.func


def _check(rules: Sequence[Callable[[Any], object]]) -> Callable[[Struct], None]:
    if len(rules) == 1:
        return rules[0]  # type: ignore[return-value] # what it returns is left alone

    def check(struct: Struct) -> None:
        for rule in rules:
            rule(struct)

    return check


def _limited(type_: Any, rules: Sequence[Any]) -> Any:
    limits = {name: value for rule in _flat(rules) for name, value in _limit(rule)}
    # The largest number of 64 bits can be said as the last one that is right, not as the first one that is wrong.
    if type_ is int and "lt" in limits:
        limits["le"] = limits.pop("lt") - 1
    said: list[Any] = [_Pattern(limits.pop("pattern"))] if "pattern" in limits else []
    if limits:
        said.append(Meta(**limits))
    return Annotated[type_, *said] if said else type_


def _flat(rules: Sequence[Any]) -> Iterator[Any]:
    for rule in rules:
        if isinstance(rule, FieldInfo):
            yield from _flat(rule.metadata)
        elif not isinstance(rule, Unknown):  # the model replaces the word that a struct refuses
            yield rule


_SAME = {Ge: "ge", Gt: "gt", Le: "le", Lt: "lt", MinLen: "min_length", MaxLen: "max_length"}
"""Rules that msgspec's Meta has under the same name."""


def _limit(rule: Any) -> Iterator[tuple[str, Any]]:
    """Yields what a rule says in the words of msgspec's Meta."""
    if type(rule) in _SAME:
        yield _SAME[type(rule)], getattr(rule, _SAME[type(rule)])
    elif isinstance(rule, StringConstraints):
        said = {name: value for name, value in vars(rule).items() if value is not None}
        yield from ((name, said.pop(name)) for name in ("min_length", "max_length") if name in said)
        yield from _pattern(said)
    elif not isinstance(rule, AllowInfNan):  # JSON has no such number
        raise TypeError(f"{rule} has no counterpart in msgspec")


_PRINTED = r"[^\s\x00-\x1f\x7f]"
"""What an id is made of. In ASCII this is all from ! to ~."""


def _pattern(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    match said:
        case {"pattern": str(pattern)} if len(said) == 1:
            # Python's $ also stands before a last line break, the contract's does not.
            pattern = re.sub(r"\$$", r"\\Z", pattern)
            if _PRINTED in pattern:
                # To ask of each character whether it is white space takes a third of the decoding of a rep event.
                pattern = f"{pattern.replace(_PRINTED, '[!-~]')}|{pattern}"
            yield "pattern", pattern
        case {"strip_whitespace": True} if len(said) == 1:
            # Text with white space around it goes to the model, which takes it off.
            yield "pattern", r"^\S(?:[\s\S]*\S)?\Z"
        case _ if said:
            raise TypeError(f"{said} has no counterpart in msgspec")
