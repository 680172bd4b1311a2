"""Describes the processor, because a measured rate says nothing without the processor it was measured on.

It reads Linux's /proc/cpuinfo where there is one, and returns the name, the cores, and which of the instructions
that matter to a transformer the processor has.
"""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
FLAGS = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")


@dataclass(frozen=True)
class Processor:
    """A processor with its name, the cores that this process may use, and those flags of `FLAGS` that it has."""

    name: str
    cores: int
    flags: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}, {self.cores} cores, {' '.join(self.flags) or 'no vector flags known'}"


def read_processor(cpuinfo: Path = CPUINFO) -> Processor:
    """Describes this machine's processor. Without the file its name is the one that Python knows."""
    # Under `taskset` or a cpuset `os.cpu_count` still counts the whole machine, and a rate would look poor for it.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fields: dict[str, str] = {}
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    has = set(fields.get("flags", "").split())
    name = fields.get("model name") or platform.processor() or platform.machine()
    return Processor(name, cores, tuple(flag for flag in FLAGS if flag in has))
