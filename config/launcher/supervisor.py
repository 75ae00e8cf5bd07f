"""Keeps programs running: starts them, passes on what they print, restarts and ends them."""

import contextlib
import os
import select
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from config.launcher import processes, state

_NAME_WIDTH: Final = 10
_LONGEST_LINE: Final = 4000  # bytes; what a pipe takes at once without blocking us
_LARGEST_LOG: Final = 20 * 1024 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE, _SETTLED_AFTER = 0.5, 30.0, 60.0  # seconds
_TICK: Final = 0.2


class ProgramFailed(Exception):
    """A program that should do one thing and end well did not."""


@dataclass
class Program:
    """One process to run, and its present run."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = _FIRST_PAUSE
    start_again_at: float = 0.0
    unfinished_line: bytes = b""
    output: list[bytes] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs programs, each as the leader of its own process group, in ``folder``.

    One thread does all; nothing goes on unless ``tick``, ``wait`` or ``run`` is called.
    ``patience`` is how many seconds the programs have to end by themselves. What dies is started
    again after a pause, which doubles up to ``longest_pause`` seconds while it keeps dying.
    """

    def __init__(
        self,
        folder: Path,
        run_dir: Path,
        *,
        patience: float = 8.0,
        longest_pause: float = _LONGEST_PAUSE,
    ) -> None:
        self.folder = folder
        self.patience = patience
        self.longest_pause = longest_pause
        self.logs = run_dir / "logs"
        self.logs.mkdir(exist_ok=True)
        self.pid_file = run_dir / "pids.json"
        self.programs: list[Program] = []
        self._selector = selectors.DefaultSelector()

    def end_leftovers(self) -> None:
        """End what the pid file of a killed run names, once each is known to be the same."""
        kept: list[dict[str, str]] = state.read_json(self.pid_file).get("processes", [])
        groups = {int(one["pid"]): one["born"] for one in kept}
        for number, patience in ((signal.SIGTERM, 4.0), (signal.SIGKILL, 2.0)):
            left = [pid for leader, born in groups.items() for pid in self._ours(leader, born)]
            for pid in left:
                processes.end(pid, (number, 0.0))
            processes.wait_until(
                lambda left=left: not any(map(processes.is_alive, left)),  # type: ignore[misc]
                patience,
            )
        self.pid_file.unlink(missing_ok=True)

    def _ours(self, leader: int, born: str) -> list[int]:
        if processes.is_alive(leader) and processes.birth_of(leader) != born:
            return []  # the number is another's now
        return [
            pid
            for pid in processes.group_members(leader)
            if str(self.folder) in processes.command_of(pid)
        ]

    def start(self, program: Program) -> None:
        """Start ``program`` and keep it running."""
        self.programs.append(program)
        self._launch(program)

    def run(self, *programs: Program, given: bytes = b"") -> list[str]:
        """Run programs side by side to their end and return what each wrote to stdout.

        Raises:
            ProgramFailed: naming the first that ended with an error; the others are ended.
        """
        for program in programs:
            self._launch(program, given=given)
        try:
            while any(program.is_running for program in programs):
                self.tick()
                for program in programs:
                    if program.process is not None and program.process.poll():
                        raise ProgramFailed(
                            f"{program.name} failed; see {self.logs / program.name}.log"
                        )
        finally:
            for program in programs:
                self._end_group(program)
        self.tick()
        return [b"".join(program.output).decode() for program in programs]

    def wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Keep everything running until ``holds()``; False when it does not in time."""
        give_up_at = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > give_up_at:
                return False
            self.tick()
        return True

    def tick(self) -> None:
        """Pass on what was printed, and restart what died; takes at most a fraction of a second."""
        for key, _events in self._selector.select(_TICK):
            self._read(*key.data)
        now = time.monotonic()
        for program in self.programs:
            if program.process is not None and not program.is_running:
                self._bury(program, now)
            if program.process is None and now >= program.start_again_at:
                self._launch(program)

    def stop(self) -> None:
        """End all programs at once, patiently first."""
        for program in self.programs:
            if program.is_running and program.process:
                program.process.terminate()
        give_up_at = time.monotonic() + self.patience
        while any(program.is_running for program in self.programs):
            if time.monotonic() > give_up_at:
                break
            for key, _events in self._selector.select(_TICK):
                self._read(*key.data)
        for program in self.programs:
            self._end_group(program)
        self.programs.clear()
        self.pid_file.unlink(missing_ok=True)

    def _launch(self, program: Program, *, given: bytes | None = None) -> None:
        log = self.logs / f"{program.name}.log"
        if log.exists() and log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".log.old"))
        runs_once = given is not None
        program.process = subprocess.Popen(
            list(program.command),
            cwd=self.folder,
            env=dict(program.environment),
            stdin=subprocess.PIPE if runs_once else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if runs_once else subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=processes.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509  one thread here
        )
        program.started_at = time.monotonic()
        process = program.process
        if process.stdin:
            process.stdin.write(given or b"")
            process.stdin.close()
        for stream in (process.stdout, process.stderr):
            if stream:
                is_output = runs_once and stream is process.stdout
                self._selector.register(
                    stream, selectors.EVENT_READ, (program, stream.fileno(), is_output)
                )
        self._note_pids()

    def _note_pids(self) -> None:
        running = [(each.name, each.process.pid) for each in self.programs if each.process]
        noted = [
            {"name": name, "pid": pid, "born": processes.birth_of(pid)} for name, pid in running
        ]
        state.write_json(self.pid_file, {"processes": noted})

    def _read(self, program: Program, descriptor: int, is_output: bool) -> None:  # noqa: FBT001
        part = os.read(descriptor, 65_536)
        if not part:
            self._selector.unregister(descriptor)
            return
        if is_output:
            program.output.append(part)
            return
        *lines, program.unfinished_line = (program.unfinished_line + part).split(b"\n")
        if len(program.unfinished_line) > _LONGEST_LINE:
            lines.append(program.unfinished_line)
            program.unfinished_line = b""
        with (self.logs / f"{program.name}.log").open("ab") as log:
            log.writelines(line + b"\n" for line in lines)
        for line in lines:
            show(f"{program.name:<{_NAME_WIDTH}}| ".encode() + line)

    def _bury(self, program: Program, now: float) -> None:
        assert program.process is not None
        code = program.process.returncode
        self._end_group(program)  # workers that outlived their leader
        if now - program.started_at > _SETTLED_AFTER:
            program.pause = _FIRST_PAUSE
        program.start_again_at = now + program.pause
        show(f"{program.name} ended ({code}); it starts again in {program.pause:g} s".encode())
        program.pause = min(program.pause * 2, self.longest_pause)

    def _end_group(self, program: Program) -> None:
        if program.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()
        for stream in (program.process.stdout, program.process.stderr):
            if stream:
                self._drain(stream.fileno())
                stream.close()
        program.process = None

    def _drain(self, descriptor: int) -> None:
        """Read what is left in a pipe whose writers are gone."""
        while descriptor in self._selector.get_map():
            if not select.select([descriptor], [], [], 0)[0]:
                self._selector.unregister(descriptor)
                return
            self._read(*self._selector.get_map()[descriptor].data)


def show(line: bytes) -> None:
    """Print one line, unless nobody reads: a full or closed pipe must not stop the programs."""
    try:
        descriptor = sys.stdout.fileno()
        if select.select([], [descriptor], [], 0)[1]:
            os.write(descriptor, line[:_LONGEST_LINE] + b"\n")
    except (OSError, ValueError):
        pass
