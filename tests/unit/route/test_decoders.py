"""A decoder is derived from every rule of its model, or not at all."""

from typing import Annotated, Any

import pytest
from annotated_types import MultipleOf
from msgspec import Struct
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, field_validator, model_validator

from pipeline.errors import Permanent
from pipeline.route.decoders import Decoder


class Read(Struct):
    """What is read of `Pair`."""

    low: int
    high: int


class Pair(BaseModel):
    """A model with a rule between its fields."""

    low: int = Field(ge=0)
    high: int = Field(default=9, lt=2**63)
    note: str = ""

    @model_validator(mode="after")
    def _is_ordered(self) -> "Pair":
        if self.low > self.high:
            raise ValueError("low must not be above high")
        return self


PAIRS: Decoder[Read] = Decoder(Pair, {Pair: Read})


def test_what_is_read_is_an_instance_of_the_struct_that_says_so() -> None:
    read = PAIRS.decode(b'{"low": 3}')
    assert isinstance(read, Read)
    assert (read.low, read.high) == (3, 9)


def test_a_field_that_the_struct_does_not_declare_is_not_looked_at() -> None:
    assert not hasattr(PAIRS.decode(b'{"low": 3, "note": 3}'), "note")


def test_another_spelling_of_a_right_value_is_read_by_the_model() -> None:
    assert PAIRS.decode(b'{"low": "3", "high": 4.0}').low == 3


def test_a_broken_rule_between_fields_is_refused_in_the_words_of_the_model() -> None:
    with pytest.raises(Permanent, match="low must not be above high"):
        PAIRS.decode(b'{"low": 3, "high": 2}')


class Aliased(BaseModel):
    """A field has another name in JSON."""

    low: int = Field(alias="least")


class Prepared(BaseModel):
    """A rule changes the value before it is checked."""

    low: Annotated[int, BeforeValidator(lambda said: said)]


class Stepped(BaseModel):
    """A rule that structs do not know."""

    low: Annotated[int, MultipleOf(3)]


class Shouted(BaseModel):
    """A rule that changes the text."""

    name: Annotated[str, StringConstraints(to_upper=True)]


class Checked(BaseModel):
    """A rule on one field, written in Python."""

    low: int

    @field_validator("low")
    @classmethod
    def _any(cls, low: int) -> int:
        return low


class Early(BaseModel):
    """A rule that sees the message before it is read."""

    low: int

    @model_validator(mode="before")
    @classmethod
    def _any(cls, said: Any) -> Any:
        return said


class Listed(BaseModel):
    """A type that structs are not derived from."""

    lows: set[int]


@pytest.mark.parametrize("model", [Aliased, Prepared, Stepped, Shouted, Checked, Early, Listed])
def test_a_model_with_a_rule_that_cannot_be_derived_is_refused_at_once(model: type[BaseModel]) -> None:
    with pytest.raises(TypeError):
        Decoder(model, {})
