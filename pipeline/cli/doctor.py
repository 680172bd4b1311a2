"""`earshot doctor`: what is missing, in words, and what to type."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.text.output import emit_json, say
from pipeline.errors import EXIT_OK, EXIT_SERVICE_MISSING, EarshotError, Misconfigured, ServiceMissing

if TYPE_CHECKING:
    from pipeline.local.doctor import Finding
    from pipeline.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def doctor(json: Annotated[bool, typer.Option("--json", help="one JSON line a check, to stdout")] = False) -> None:
    """Check machine, packages, servers, topics, tables, model, stages, lag and dead letters.

    Exit 3 says that something is missing. What is no fault but still wants a look, such as dead letters, is told
    too.
    """
    from pipeline.settings import load_settings

    missing = noted = 0
    for finding in _findings(load_settings()):
        missing += not finding.ok
        noted += finding.ok and bool(finding.remedy)
        if json:
            emit_json(asdict(finding))
            continue
        mark = "MISSING" if not finding.ok else "look   " if finding.remedy else "ok     "
        say(f"{mark} {finding.name:<13} {finding.detail}")
        if finding.remedy:
            say(f"        {'':<13} -> {finding.remedy}")
    look = f"{noted} thing(s) to look at" if noted else ""
    say(", ".join(filter(None, [f"{missing} thing(s) missing" if missing else "", look])) or "all is well")
    raise typer.Exit(EXIT_SERVICE_MISSING if missing else EXIT_OK)


def _findings(settings: "Settings") -> Iterator["Finding"]:
    from pipeline.app.endpoints import resolve
    from pipeline.app.supervise import diagnosis
    from pipeline.local.doctor import embedded_checks, examine, flow_checks, machine_checks, service_checks

    # Java and jars matter only where a server is not named.
    embedded = settings.kafka.bootstrap_servers is None or settings.clickhouse.url is None
    checks = machine_checks(settings.state_dir) + (embedded_checks() if embedded else [])
    checks += service_checks(
        lambda: _kafka(settings),
        lambda: _topics(settings),
        lambda: _clickhouse(settings),
        lambda: _model(settings),
        lambda: diagnosis.stages(settings),
    )
    kafka_answers = False
    for finding in examine(checks):
        kafka_answers = kafka_answers or (finding.name == "Kafka" and finding.ok)
        yield finding
    # Without Kafka these two would only wait for their timeouts and say the same again.
    if kafka_answers:
        yield from examine(
            flow_checks(
                lambda: diagnosis.lag(resolve(settings)),
                lambda: diagnosis.dead_letters(resolve(settings)),
            )
        )


def _kafka(settings: "Settings") -> str:
    from pipeline.adapters.kafka.reach import reach
    from pipeline.app.endpoints import resolve

    kafka = resolve(settings).kafka
    brokers = reach(kafka, timeout_s=5.0).list_topics(timeout=5.0).brokers
    return f"{kafka.bootstrap_servers}, {len(brokers)} broker(s)"


def _topics(settings: "Settings") -> str:
    from pipeline.adapters.kafka.admin import plan_topics
    from pipeline.app.endpoints import resolve
    from schemas.topics import all_topics

    try:
        _kafka(settings)
    # The check of Kafka has said why.
    except EarshotError:
        raise ServiceMissing("nobody can tell without Kafka", remedy="mend that first") from None
    plans = plan_topics(resolve(settings).kafka, all_topics())
    changes = [plan for plan in plans if plan.changes]
    if changes:
        raise Misconfigured(f"{len(changes)} of {len(plans)} miss or differ, for instance {changes[0]}")
    return f"{len(plans)} as declared"


def _clickhouse(settings: "Settings") -> str:
    from pipeline.adapters.clickhouse.migrate import migrations_pending
    from pipeline.app.endpoints import resolve

    store = resolve(settings, kafka=False, clickhouse=True).clickhouse
    pending = migrations_pending(store)
    if pending:
        raise Misconfigured(
            f"{store.url} answers; migrations pending: {', '.join(pending)}", remedy="earshot migrate"
        )
    return f"{store.url}, tables up to date"


def _model(settings: "Settings") -> str:
    from pipeline.adapters.models.engines import describe_model, for_language

    model = settings.model
    others = [f"{code}: {describe_model(for_language(model, code))}" for code in sorted(model.by_language)]
    return "; ".join([describe_model(model), *others])
