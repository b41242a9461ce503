"""sentinel.conf → values. A file that cannot be understood completely is refused completely."""

from collections.abc import Sequence
from dataclasses import replace

from quorate.conf import process
from quorate.conf.directives import obey, turn_of
from quorate.conf.draft import Draft, Pass
from quorate.conf.options import Config, ProcessOptions, Source, Surroundings, Values
from quorate.conf.reader import ConfigError, Reading, mode_of, read, sentinel_lines
from quorate.model.identity import RunId, text_of
from quorate.model.saved import SavedState
from quorate.model.settings import GlobalSettings, Mode

__all__ = ["ConfigError", "Nowhere", "load"]


class Nowhere:
    """Surroundings without a machine: nothing to include, every script may run, every user is fine."""

    def included(self, pattern: str) -> Sequence[tuple[str, bytes]]:
        raise FileNotFoundError(2, "No such file or directory", pattern)

    def enter(self, directory: str) -> str:
        return "" if directory == "." else directory

    def is_executable(self, path: str) -> bool:
        return path != ""

    def check_user(self, words: Sequence[str]) -> str | None:  # noqa: ARG002  # the protocol's names
        return None


def load(source: Source, new_id: RunId, mode: Mode | None = None, around: Surroundings | None = None) -> Config:
    """Read a configuration; `new_id` becomes myid where the file has none.

    `mode` is the one of the command line; None leaves it to `#quorate compatible-with`, else redis-7.2. `around` None
    asks nothing of the machine. Raises ConfigError. Nothing is written.
    """
    surroundings = around or Nowhere()
    chosen = mode or mode_of(source.data) or Mode.REDIS_7_2
    reading = Reading(source, surroundings, chosen)
    read(reading)
    draft = Draft(GlobalSettings(new_id, mode=chosen), surroundings.is_executable)
    _obey_all(reading, draft)
    standard = {name: tuple(lines) for name, lines in reading.standard.items()}
    # Where nothing is said the rewritten file names the working directory, as C's does.
    options = process.options(standard, reading.directory or surroundings.enter("."), chosen)
    saved = draft.saved()
    return Config(
        path=source.path,
        saved=SavedState(_completed(saved.settings, options), saved.current_epoch, saved.masters),
        process=options,
        has_myid=draft.has_myid,
        warnings=(*reading.warnings, *draft.warnings, *process.warnings(standard)),
        standard=standard,
    )


def _obey_all(reading: Reading, draft: Draft) -> None:
    """Obey the sentinel directives, pass by pass."""
    lines = list(sentinel_lines(reading))
    own = {words[1] for line, words in lines if line.depth == 0 and _is_monitor(words)}
    for turn in Pass:
        for line, words in lines:
            if turn_of(words) is not turn or (line.depth and _is_state(words) and words[1] in own):
                # The rewriter has put an included master into the file itself; C stumbles over it at the next start.
                continue
            if line.text.startswith(b"#") and len(words) > 1 and text_of(words[1]) not in draft.masters:
                # C keeps our comments about a master that it was told to remove.
                draft.warnings.append(f"line {line.number} of {line.path} is about a master that is not monitored")
                continue
            problem = obey(draft, words)
            if problem is not None:
                raise reading.refuse(line, problem)


def _is_state(words: Values) -> bool:
    known = text_of(words[0]).lower() in {"known-replica", "known-slave", "known-sentinel"}
    return _is_monitor(words) or (known and len(words) > 1)


def _is_monitor(words: Values) -> bool:
    return len(words) == 5 and text_of(words[0]).lower() == "monitor"


def _completed(settings: GlobalSettings, options: ProcessOptions) -> GlobalSettings:
    """The settings with what they take over from the process: the port told to peers, password, log level."""
    tls = options.tls
    return replace(
        settings,
        listen_port=tls.port if tls.replication and tls.port else options.port,
        requirepass=options.acl.requirepass,
        loglevel=options.log.level,
    )
