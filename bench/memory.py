"""Peak memory of one evaluation above the interpreter: ``python -m bench.memory BEFORE AFTER`` prints bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.analysis.evaluate import evaluate


def _status(name: str) -> int:
    """Read one line of this process's memory in bytes."""
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(name))
    return int(line.split()[1]) * 1024


def main(before: str, after: str) -> None:
    """Print peak resident memory while two files are read and evaluated, less what was resident before."""
    resident = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts here
    evaluate(Path(before).read_bytes(), Path(after).read_bytes())
    print(_status("VmHWM") - resident)


def peak(before: Path, after: Path) -> int:
    """Measure in a process of its own, where all is imported and nothing has run yet."""
    command = [sys.executable, "-m", "bench.memory", str(before), str(after)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main(*sys.argv[1:3])
