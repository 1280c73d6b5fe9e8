"""One process and its children, measured from outside."""

import dataclasses
import os
import pathlib
import subprocess
import sys


@dataclasses.dataclass(frozen=True)
class Command:
    argv: list
    environment: dict


@dataclasses.dataclass(frozen=True)
class Sample:
    wall: float  # seconds, as cpu
    cpu: float  # user and system, with all children that were waited for
    peak_mib: float  # of the largest process


class Stopwatch:
    def __init__(self, work):
        self._program = work / "stopwatch"
        self._result = work / "stopwatch.result"
        self._stderr = work / "stopwatch.stderr"
        source = pathlib.Path(__file__).with_name("stopwatch.cc")
        subprocess.run(["c++", "-O1", "-o", self._program, source], check=True)

    def measure(self, command):
        """Runs the command to its end. Exits with its messages when it fails."""
        with open(self._stderr, "wb") as stderr:
            subprocess.run([self._program, self._result, *command.argv], env={**os.environ, **command.environment},
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, check=True)
        wall, cpu, peak_kib, status = self._result.read_text().split()
        if status != "0":
            messages = self._stderr.read_text(errors="replace")
            sys.exit(f"bench: {' '.join(map(str, command.argv))} failed ({status}):\n{messages}")
        return Sample(float(wall), float(cpu), int(peak_kib) / 1024)
