"""`earshot doctor`: what is missing, in words, and what to type."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.output import emit_json, say
from pipeline.errors import EXIT_OK, EXIT_SERVICE_MISSING, Misconfigured, ServiceMissing

if TYPE_CHECKING:
    from pipeline.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def doctor(json: Annotated[bool, typer.Option("--json", help="one JSON line a check, to stdout")] = False) -> None:
    """Check machine, packages, servers, topics, tables and model; exit 3 when something is missing."""
    from pipeline.local.doctor import embedded_checks, examine, machine_checks, service_checks
    from pipeline.settings import load_settings

    settings = load_settings()
    embedded = settings.kafka.bootstrap_servers is None or settings.clickhouse.url is None
    checks = machine_checks(settings.state_dir) + (embedded_checks() if embedded else [])
    checks += service_checks(
        lambda: _kafka(settings),
        lambda: _topics(settings),
        lambda: _clickhouse(settings),
        lambda: _model(settings),
    )
    missing = 0
    for finding in examine(checks):
        missing += not finding.ok
        if json:
            emit_json(asdict(finding))
        else:
            say(f"{'ok     ' if finding.ok else 'MISSING'} {finding.name:<13} {finding.detail}")
            if not finding.ok:
                say(f"        {'':<13} -> {finding.remedy}")
    say(f"{missing} thing(s) missing" if missing else "all is well")
    raise typer.Exit(EXIT_SERVICE_MISSING if missing else EXIT_OK)


def _kafka(settings: "Settings") -> str:
    from pipeline.adapters.kafka_config import client_config
    from pipeline.app.endpoints import resolve
    from pipeline.local.kafka import serving

    kafka = resolve(settings).kafka
    count = serving(client_config(kafka), timeout_s=5.0)
    if not count:
        raise ServiceMissing(f"{kafka.bootstrap_servers} does not answer")
    return f"{kafka.bootstrap_servers}, {count} broker(s)"


def _topics(settings: "Settings") -> str:
    from pipeline.adapters.topic_admin import plan_topics
    from pipeline.app.endpoints import resolve
    from schemas.topics import all_topics

    _kafka(settings)
    plans = plan_topics(resolve(settings).kafka, all_topics())
    changes = [plan for plan in plans if plan.changes]
    if changes:
        raise Misconfigured(f"{len(changes)} of {len(plans)} miss or differ, for instance {changes[0]}")
    return f"{len(plans)} as declared"


def _clickhouse(settings: "Settings") -> str:
    from pipeline.adapters.migrate import migrations_pending
    from pipeline.app.endpoints import resolve

    store = resolve(settings, kafka=False, clickhouse=True).clickhouse
    pending = migrations_pending(store)
    if pending:
        raise Misconfigured(f"{store.url} answers; migrations pending: {', '.join(pending)}")
    return f"{store.url}, tables up to date"


def _model(settings: "Settings") -> str:
    from pipeline.adapters.engines import describe_model, for_language

    model = settings.model
    others = [f"{code}: {describe_model(for_language(model, code))}" for code in sorted(model.by_language)]
    return "; ".join([describe_model(model), *others])
