"""`earshot run`: run a stage, or all of them supervised."""

from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipeline.environment import PARENT_FD
from pipeline.errors import Misconfigured
from pipeline.stages import running_stages

if TYPE_CHECKING:
    from pipeline.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def run(
    stage: Annotated[str, typer.Argument(help=f"{', '.join(running_stages())}, or all", show_default=False)],
    workers: Annotated[
        list[str] | None, typer.Option(help="all: STAGE=N, may be repeated; 1 where not given", metavar="STAGE=N")
    ] = None,
    logs: Annotated[
        Literal["stderr", "files"], typer.Option(help="all: where workers log; files: logs/ of the state folder")
    ] = "stderr",
    parent_fd: Annotated[int | None, typer.Option(envvar=PARENT_FD, hidden=True)] = None,
) -> None:
    """Run a stage until SIGTERM or Ctrl-C. `all` starts every stage, and restarts what ends.

    A worker that cannot start (exit code 2, or 3 thirty times) is given up. The others go on, and its code comes
    last.
    """
    from pipeline.app.supervise.parent import follow_parent
    from pipeline.logs import setup_logs
    from pipeline.settings import load_settings

    stages = running_stages()
    if stage not in (*stages, "all"):
        raise Misconfigured(f"there is no stage {stage}: it is one of {', '.join(stages)}, or all")
    if stage != "all" and (workers or logs != "stderr"):
        raise Misconfigured("--workers and --logs belong to `earshot run all`")
    settings = load_settings()
    setup_logs(settings.operate.log_level, settings.operate.log_format)
    if stage == "all":
        raise typer.Exit(supervise(settings, worker_counts(stages, workers or []), log_files=logs == "files"))
    # Only the supervisor sets it. A worker that did not follow it would outlive a supervisor that was killed.
    if parent_fd is not None:
        follow_parent(parent_fd)
    # Only the wanted stage is imported, so that a router loads no transformer.
    import_module(f"pipeline.app.stages.{stage}").run(settings)


def worker_counts(stages: tuple[str, ...], options: list[str]) -> dict[str, int]:
    """Reads `STAGE=N` options into the number of workers of each stage. 0 leaves a stage out.

    Raises:
        Misconfigured: an option names no stage or no number from 0 to 64.
    """
    counts = dict.fromkeys(stages, 1)
    for option in options:
        stage, _, number = option.partition("=")
        if stage not in counts or not number.isdecimal() or int(number) > 64:
            raise Misconfigured(
                f"--workers {option}: write STAGE=N, STAGE one of {', '.join(stages)}, N at most 64"
            )
        counts[stage] = int(number)
    return counts


def supervise(settings: "Settings", counts: dict[str, int], *, log_files: bool) -> int:
    """Runs all stages until they are stopped, and returns the exit code.

    Raises:
        ServiceMissing: no address of Kafka or ClickHouse is known. It is said at once, not by each worker.
        Misconfigured: another supervisor uses the state folder.
    """
    from pipeline.app.endpoints import resolve
    from pipeline.app.supervise.restart_rule import RestartRule
    from pipeline.app.supervise.supervisor import Plan, Supervisor

    resolve(settings, kafka=True, clickhouse=True)
    plan = Plan(
        workers=counts,
        state_dir=settings.state_dir,
        log_files=log_files,
        http_host=settings.operate.http_host,
        http_port=settings.operate.http_port,
        # An operator who gives a batch more time than usual has workers that end later in a timeout.
        rule=RestartRule(healthy_after_s=max(300.0, 5 * settings.enrich.inference_timeout_s)),
    )
    return Supervisor(plan).run()
