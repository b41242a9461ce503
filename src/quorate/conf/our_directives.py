"""The directives of a master that only we know.

Written as comments, `#quorate sentinel NAME ...`, because C would refuse them; C keeps comments.
"""

from quorate.conf.draft import NO_HOST, NO_PORT, Draft, Pass, Statement, host_of, name_of, number, set_option
from quorate.conf.options import Values
from quorate.model import candidates, evidence
from quorate.model.address import MAX_PORT
from quorate.model.candidates import NO_LAG, NO_TAG
from quorate.model.evidence import LONGEST, NO_CONFIRMING, NO_DETECTION, NO_TIMEOUT
from quorate.model.identity import text_of


def _candidate_max_lag(draft: Draft, values: Values) -> str | None:
    lag = candidates.lag(values[1])
    if lag is None:
        return NO_LAG
    set_option(draft, values, "max_lag", lag)
    return None


def _replica_tag(draft: Draft, values: Values) -> str | None:
    host, port, word = host_of(draft, values[1]), number(values[2]), candidates.tag(values[3])
    if not 0 < port <= MAX_PORT:
        return NO_PORT
    if host is None:
        return NO_HOST
    if word is None:
        return NO_TAG
    tags = draft.masters[name_of(values)].settings.tags
    known = {(tag.host.lower(), tag.port): tag.tag for tag in tags}
    if known.get((host.lower(), port), word) is not word:
        # An included file may say what was changed since, and the rewriter has put the change into the file itself.
        draft.warnings.append(
            f"replica {host}:{port} of master {name_of(values)} is tagged twice; the later tag counts"
        )
    set_option(draft, values, "tags", candidates.tagged(tags, host, port, word))
    return None


def _crash_detection(draft: Draft, values: Values) -> str | None:
    word = evidence.detection(values[1])
    if word is None:
        return NO_DETECTION
    set_option(draft, values, "crash_detection", word)
    return None


def _confirm_by_replicas(draft: Draft, values: Values) -> str | None:
    wanted = evidence.yes_or_no(values[1])
    if wanted is None:
        return NO_CONFIRMING
    set_option(draft, values, "confirm_by_replicas", wanted)
    return None


def _confirm_timeout(draft: Draft, values: Values) -> str | None:
    if not values[1].isdigit() or len(values[1]) > len(str(LONGEST)) or int(values[1]) > LONGEST:
        return NO_TIMEOUT
    set_option(draft, values, "confirm_timeout", int(values[1]))
    return None


STATEMENTS: dict[str, Statement] = {
    "candidate-max-lag": Statement(Pass.OF_MASTERS, (2,), _candidate_max_lag),
    "replica-tag": Statement(Pass.OF_MASTERS, (4,), _replica_tag),
    "crash-detection": Statement(Pass.OF_MASTERS, (2,), _crash_detection),
    "confirm-by-replicas": Statement(Pass.OF_MASTERS, (2,), _confirm_by_replicas),
    "confirm-timeout": Statement(Pass.OF_MASTERS, (2,), _confirm_timeout),
}


def is_our_own(words: Values) -> bool:
    """Whether these words, from `sentinel` on, are a directive that only we know."""
    return len(words) > 1 and words[0].lower() == b"sentinel" and text_of(words[1]).lower() in STATEMENTS
