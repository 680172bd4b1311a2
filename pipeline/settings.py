"""Declares all settings. They are read once at start, and nothing else reads the environment.

`EARSHOT_KAFKA__BOOTSTRAP_SERVERS` sets `kafka.bootstrap_servers`, and so on. Parts get the typed section that they
need, never the environment. Every field is listed in `deploy/env.example`, which a test compares.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from pipeline.environment import mistakes
from pipeline.errors import Misconfigured
from pipeline.input_mistakes import plain
from schemas.base import LanguageCode

ClockMode = Literal["processing", "event"]
_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):\d{1,5}")


def _servers(value: str) -> str:
    if not all(_SERVER.fullmatch(server.strip()) for server in value.split(",")):
        raise ValueError("must be HOST:PORT, or several of them with commas between")
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be http://HOST:PORT or https://HOST:PORT")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user and password: EARSHOT_CLICKHOUSE__USER and _PASSWORD are for them")
    return value


HOST = "{host}"
"""Stands for the machine's (container's, pod's) own name in `kafka.instance_id`."""


class _Section(BaseModel):
    # "inf" and "nan" are numbers to Python, but neither is a duration.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class KafkaSettings(_Section):
    """The Kafka cluster."""

    bootstrap_servers: Annotated[str, AfterValidator(_servers)] | None = Field(
        default=None, description="host:port,...; unset: the embedded stack"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca_location: Path | None = None
    post_partitions: int = Field(
        default=4, ge=1, le=1000, description="P: fixed for a cluster's life (24 on a cluster)"
    )
    route_partitions: int = Field(
        default=2, ge=1, le=1000, description="R: fixed for a cluster's life (8 on a cluster)"
    )
    replication_factor: int = Field(default=1, ge=1, le=9, description="3 on a cluster")
    session_timeout_ms: int = Field(default=10_000, ge=6_000, le=300_000, description="6 s is the broker's lowest")
    transaction_timeout_ms: int = Field(default=10_000, ge=1_000, le=900_000)
    instance_id: str | None = Field(
        default=None,
        pattern=r"^([A-Za-z0-9._-]|\{host\})+$",
        max_length=150,
        description="a name of this worker alone, kept over restarts, so that they move no partition; "
        "{host}: the machine's name. `run all` names its workers itself",
    )


class ClickHouseSettings(_Section):
    """The analytics store."""

    url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None, description="http(s)://host:port; unset: the embedded stack"
    )
    user: str = "default"
    password: SecretStr = SecretStr("")
    reader_user: str = Field(default="earshot_reader", description="may only SELECT: query and report ask as it")
    reader_password: SecretStr | None = Field(default=None, description="unset: USER asks, read-only")
    database: str = Field(default="earshot", pattern=r"^[a-z_][a-z0-9_]*$")
    cluster: str | None = Field(
        default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", description="name in remote_servers; unset: one node"
    )

    def for_reading(self) -> "ClickHouseSettings":
        """Returns the settings with the account that can only read, where its password is set."""
        if self.reader_password is None:
            return self
        return self.model_copy(update={"user": self.reader_user, "password": self.reader_password})


class ModelSettings(_Section):
    """The transformer."""

    path: str | None = Field(
        default=None, min_length=1, description="model folder, or with torch any hub id; unset: the one that ships"
    )
    engine: Literal["auto", "openvino", "torch"] = Field(
        default="auto", description="auto: torch on a GPU and for models of the hub, else openvino"
    )
    precision: Literal["auto", "bf16", "f32"] = Field(
        default="auto", description="auto: the fastest that gives the model's known answers; a named one must too"
    )
    streams: int = Field(default=2, ge=1, le=64, description="parallel inference requests: one a core is best")
    cache_entries: int = Field(
        default=65_536, ge=0, le=10_000_000, description="texts whose scores are remembered, a model; 0: none"
    )
    languages: tuple[LanguageCode, ...] | None = Field(
        default=None,
        min_length=1,
        description='["en","es"]: that the model was made for; unset: as in its config.json, else English',
    )
    by_language: dict[LanguageCode, Annotated[str, StringConstraints(min_length=1)]] = Field(
        default={},
        description='{"de": "folder or hub id"}: reads texts in that language; und: where nobody can tell',
    )


class EnrichSettings(_Section):
    """The enrich stage."""

    batch_size: int = Field(
        default=512, ge=1, le=4096, description="posts a batch; 256 cost 4 % of the rate (measured)"
    )
    batch_characters: int = Field(
        default=300_000,
        ge=1,
        le=10_000_000,
        description="characters of a batch's posts, costlier ones count more; 8 CPU s at worst",
    )
    batch_wait_ms: int = Field(default=50, ge=1, le=5000, description="longest wait of a post for company")
    inference_timeout_s: float = Field(
        default=60.0, ge=5, le=3600, description="then the worker exits and is restarted"
    )
    live_within_h: float = Field(
        default=24.0, gt=0, le=87_600, description="older posts are backfill: stored, not worked"
    )


class RouteSettings(_Section):
    """The router."""

    batch_size: int = Field(default=500, ge=1, le=100_000, description="input records a transaction")
    remember_days: float = Field(
        default=15.0, gt=0, le=360, description="how long input duplicates are recognised"
    )


class SinkSettings(_Section):
    """The sink."""

    batch_rows: int = Field(default=10_000, ge=1, le=1_000_000, description="rows an insert; more saves nothing")
    flush_ms: int = Field(default=1000, ge=10, le=60_000)
    ttl_days: int | None = Field(
        default=None, ge=1, description="unset: keep for ever; set: older posts are refused"
    )
    gauges_ttl_days: int | None = Field(
        default=None, ge=1, description="of how queues stood, counted from when it was stored; unset: for ever"
    )
    presence_ttl_days: int = Field(
        default=30, ge=1, le=36_500, description="of when reps came and went, which is employees' data"
    )


class OperateSettings(_Section):
    """Logs, metrics, health."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="auto: console on a terminal"
    )
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65_535, description="/metrics, /healthz, /readyz; 0: any free port")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix="EARSHOT_", env_nested_delimiter="__", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    state_dir: Path = Field(default=Path(".earshot"), description="embedded stack, manifests, run files")
    clock: ClockMode = Field(default="processing", description="event: a record's own time counts (demo, replays)")
    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    model: ModelSettings = ModelSettings()
    enrich: EnrichSettings = EnrichSettings()
    route: RouteSettings = RouteSettings()
    sink: SinkSettings = SinkSettings()
    operate: OperateSettings = OperateSettings()


def load_settings() -> Settings:
    """Reads the environment.

    Raises:
        Misconfigured: a variable has a wrong or an empty value or an unknown name, or two contradict each other;
            every offender is named with what would be right, and no value is shown.
    """
    wrong = list(mistakes(Settings, os.environ))
    named = {variable.upper() for variable, _ in wrong}
    try:
        settings = Settings()
    except SettingsError as error:
        # Its JSON was checked above, so what comes here is a kind of value that nobody foresaw.
        raise _refused(wrong or [("EARSHOT_*", f"cannot be read: {error}")]) from None
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            variable = f"EARSHOT_{'__'.join(str(part) for part in problem['loc'] if part != '[key]').upper()}"
            # A variable that was named above must not be named twice.
            if not any(variable.startswith(name) or name.startswith(f"{variable}__") for name in named):
                wrong.append((variable, plain(problem)))
        raise _refused(wrong) from None
    wrong += contradictions(settings.kafka)
    if wrong:
        raise _refused(wrong)
    return settings


def contradictions(kafka: KafkaSettings) -> Iterator[tuple[str, str]]:
    """Yields variables of the Kafka section that another one needs, or that another one leaves without effect."""
    protocol = kafka.security_protocol
    mechanisms = "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    sasl = {
        "SASL_MECHANISM": (kafka.sasl_mechanism, f": {mechanisms}"),
        "SASL_USERNAME": (kafka.sasl_username, ""),
        "SASL_PASSWORD": (kafka.sasl_password and kafka.sasl_password.get_secret_value(), ""),
    }
    for name, (value, choice) in sasl.items():
        if protocol.startswith("SASL") and not value:
            yield f"EARSHOT_KAFKA__{name}", f"is needed with EARSHOT_KAFKA__SECURITY_PROTOCOL={protocol}{choice}"
        elif value and not protocol.startswith("SASL"):
            yield f"EARSHOT_KAFKA__{name}", _idle(protocol, "SASL_PLAINTEXT or SASL_SSL")
    if kafka.ssl_ca_location is not None and not protocol.endswith("SSL"):
        yield "EARSHOT_KAFKA__SSL_CA_LOCATION", _idle(protocol, "SSL or SASL_SSL")
    elif kafka.ssl_ca_location is not None and not kafka.ssl_ca_location.exists():
        yield "EARSHOT_KAFKA__SSL_CA_LOCATION", "there is no such file or folder"


def _idle(protocol: str, needed: str) -> str:
    variable = "EARSHOT_KAFKA__SECURITY_PROTOCOL"
    return f"has no effect while {variable} is {protocol}: set that to {needed}, or do not set this"


def _refused(wrong: Iterable[tuple[str, str]]) -> Misconfigured:
    return Misconfigured("\n".join(f"{variable}: {what}" for variable, what in wrong))
