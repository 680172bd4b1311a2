"""Every error that Earshot raises, one class per action of the caller.

EarshotError
├── Permanent        the input is bad: dead-letter it, go on with the next
├── Transient        the other side is busy: retry in place, then restart
├── Misconfigured    the operator must change something: exit 2
├── ServiceMissing   a needed service does not answer: exit 3
└── MustRestart      this process cannot go on safely: exit 70, the supervisor restarts it
"""

EXIT_OK = 0
EXIT_NO = 1
EXIT_USAGE = 2
EXIT_SERVICE_MISSING = 3
EXIT_RESTART = 70
"""EX_SOFTWARE of BSD sysexits.h. The worker ended itself and wants to be started again."""


class EarshotError(Exception):
    """Root of the tree. Catch it only where a process or a command ends.

    Args:
        remedy: what a person can do about it, where the message does not say so: what to type, or to set.
    """

    exit_code = EXIT_NO

    def __init__(self, *args: object, remedy: str | None = None) -> None:
        super().__init__(*args)
        self.remedy = remedy


class Permanent(EarshotError):
    """The input can never be accepted.

    Args:
        code: stable machine-readable reason, snake_case, used as a metric label and DLQ header.
        detail: one sentence for a person; never contains the input's text or a secret.
        field: dotted path of the offending field, when there is one.
    """

    exit_code = EXIT_USAGE

    def __init__(self, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(f"{code}: {detail}" if field is None else f"{code}: {field}: {detail}")
        self.code = code
        self.detail = detail
        self.field = field


class Transient(EarshotError):
    """The same call may succeed later, because the input is fine."""

    exit_code = EXIT_SERVICE_MISSING


class Misconfigured(EarshotError):
    """A setting, file or argument is wrong. The message names it and says what would be right."""

    exit_code = EXIT_USAGE


class ServiceMissing(EarshotError):
    """A service or an optional part is not there. The message says how to get it."""

    exit_code = EXIT_SERVICE_MISSING


class MustRestart(EarshotError):
    """Going on could lose or double something (fenced, lost partition, failed delivery)."""

    exit_code = EXIT_RESTART
