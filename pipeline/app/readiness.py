"""Shows what a running stage tells of itself from its first second on.

It serves /readyz, /healthz and /metrics, watches whether brokers answer, and calms the logs of libraries. A stage
says by itself whether it can work.
"""

from pipeline.adapters.http.health_server import Ready, ask, start_health_server
from pipeline.adapters.kafka.broker_watch import BrokerWatch, SilenceLog
from pipeline.calm_logs import CalmLibraries
from pipeline.metrics import Metrics
from pipeline.settings import Settings
from pipeline.stages import stage_of


class Readiness:
    """Whether one worker process is alive, ready and reached by brokers, and its metrics.

    Args:
        settings: resolved.
        stage: its name.

    Raises:
        Transient: the health port is taken.
    """

    def __init__(self, settings: Settings, stage: str) -> None:
        row = stage_of(stage)
        self.metrics = Metrics()
        self.metrics.begin(
            stage, reads=[topic.name for topic in row.inputs], writes=[topic.name for topic in row.outputs]
        )
        self._stage = stage
        # Until the stage says more it is not ready, so that nobody counts on it while its model loads.
        self._stage_ready: Ready = lambda: (False, "starting")
        calm = CalmLibraries(lambda: self._brokers.missing)
        reporter = SilenceLog(stage, settings.kafka.bootstrap_servers, calm.take_left_out)
        self._brokers = BrokerWatch(settings.kafka, reporter)
        operate = settings.operate
        self._health = start_health_server(
            operate.http_host, operate.http_port, self.metrics, self._ready, before_metrics=self._show
        )
        self.port = self._health.port
        calm.install()
        self._brokers.start()

    def ask(self, ready: Ready) -> None:
        """Takes `ready`, which says whether the stage can work if a broker answers. Other threads call it from now
        on."""
        self._stage_ready = ready

    def beat(self) -> None:
        """Notes that the stage's loop came round."""
        self._health.beat()

    def close(self) -> None:
        """Ends server and watch. A second call is harmless."""
        self._brokers.close()
        self._health.close()

    def _ready(self) -> tuple[bool, str]:
        answered, reason = self._brokers.ready
        return self._stage_ready() if answered else (False, reason)

    def _show(self) -> None:
        """Sets the gauges that are true at the moment of the scrape, whatever the stage's loop waits for."""
        self.metrics.set("broker_answers", float(self._brokers.answers), stage=self._stage)
        self.metrics.set("ready", float(ask(self._ready)[0]), stage=self._stage)
