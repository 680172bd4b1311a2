"""The processor that a rate was measured on: a rate without it says nothing.

In: Linux's /proc/cpuinfo where there is one. Out: its name, its cores, and which of the instructions that matter
to a transformer it has. Never here: a measurement.
"""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
FLAGS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")


@dataclass(frozen=True)
class Processor:
    """Name, usable cores, and the flags of `FLAGS` that it has."""

    name: str
    cores: int
    flags: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}, {self.cores} cores, {' '.join(self.flags) or 'no vector flags known'}"


def read_processor(cpuinfo: Path = CPUINFO) -> Processor:
    """This machine's processor; without the file its name is what Python knows."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fields: dict[str, str] = {}
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    has = set(fields.get("flags", "").split())
    name = fields.get("model name") or platform.processor() or platform.machine()
    return Processor(name, cores, tuple(flag for flag in FLAGS if flag in has))
