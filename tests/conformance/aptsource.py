"""Debian source packages, fetched with an apt configuration of our own that leaves the system's untouched."""

import os
import re
import shutil
import subprocess
from pathlib import Path

_DEB822 = Path("/etc/apt/sources.list.d/debian.sources")
_ONE_LINE = Path("/etc/apt/sources.list")
_OS_RELEASE = Path("/etc/os-release")

# It signs every release since Debian 11, and so the newer release too from which one of the suites comes.
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_HINT = "give SOURCE=DIR MODE=... to run the suite of a source tree that you have"


class UnavailableError(Exception):
    """The suite cannot be had on this machine; the message says what to do."""


def fetch(package: str, release: str, into: Path) -> Path:
    """Unpack the newest source of `package` in Debian's `release` below `into`, and return its root.

    What an earlier run unpacked is used again, without asking the network.
    """
    done = into / f"{package}-{release}"
    if done.is_dir():
        return done
    for tool in ("apt-get", "dpkg-source"):
        if not shutil.which(tool):
            raise UnavailableError(f"{tool} is missing (on Debian: apt-get install dpkg-dev); or {_HINT}")
    workspace = into / f"{package}-{release}.partial"
    shutil.rmtree(workspace, ignore_errors=True)
    # The archive alone, without the security updates: both have the suites, but mirrors of the latter were seen to list
    # sources that they no longer had.
    configuration = _write_configuration(workspace, f"deb-src {_signed_by()}{machine_mirror()} {release} main")
    _apt(configuration, workspace, "update")
    tree = workspace / "tree"
    try:
        _apt(configuration, workspace, "source", "--download-only", package)
    except UnavailableError as missing:
        # Between two updates of a package mirrors were seen to list a description that they no longer had. The suite
        # stands in the upstream archive, which all of them share; Debian's patches are no part of it.
        print(f"conformance: {package} without Debian's patches, since {str(missing).splitlines()[-1]}", flush=True)
        _unpack_upstream(configuration, workspace, package, tree)
    else:
        (description,) = workspace.glob("*.dsc")
        # The check of signatures is apt's: the .dsc matched a list that Debian's release key signed.
        _run(["dpkg-source", "--no-check", "-x", str(description), str(tree)], workspace)
    tree.rename(done)
    shutil.rmtree(workspace)
    return done


def _unpack_upstream(configuration: Path, workspace: Path, package: str, tree: Path) -> None:
    """Unpack the upstream archive alone; apt has compared it with a list that Debian's release key signed."""
    _apt(configuration, workspace, "source", "--download-only", "--tar-only", package)
    (archive,) = workspace.glob("*.orig.tar.*[!c]")
    tree.mkdir()
    _run(["tar", "-xf", str(archive), "-C", str(tree), "--strip-components=1"], workspace)


def machine_mirror() -> str:
    """The mirror of Debian's archive in the system's own sources, whichever of apt's two spellings they use."""
    codename = _codename()
    entries: list[tuple[str, str]] = []
    if _DEB822.is_file():
        entries += parse_deb822(_DEB822.read_text(encoding="utf-8"))
    if _ONE_LINE.is_file():
        entries += parse_one_line(_ONE_LINE.read_text(encoding="utf-8"))
    address = {suite: uri for uri, suite in reversed(entries)}
    if codename not in address:
        raise UnavailableError(f"the apt sources of this machine name no Debian mirror; {_HINT}")
    return address[codename]


def parse_deb822(text: str) -> list[tuple[str, str]]:
    """The (URI, suite) pairs of a *.sources file."""
    pairs = []
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith(("#", " ", "\t")):
                fields[name.strip().lower()] = value.strip()
        if fields.get("enabled", "yes").lower() != "no" and "deb" in fields.get("types", "").split():
            pairs += [(uri, suite) for uri in fields.get("uris", "").split() for suite in _suites(fields)]
    return pairs


def parse_one_line(text: str) -> list[tuple[str, str]]:
    """The (URI, suite) pairs of a sources.list file."""
    return re.findall(r"^deb\s+(?:\[[^]]*]\s+)?(\S+)\s+(\S+)", text, flags=re.MULTILINE)


def _suites(fields: dict[str, str]) -> list[str]:
    return fields.get("suites", "").split()


def _codename() -> str:
    """The machine's Debian release; an error where the machine runs something else."""
    text = _OS_RELEASE.read_text(encoding="utf-8") if _OS_RELEASE.is_file() else ""
    facts = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, flags=re.MULTILINE))
    if facts.get("ID") != "debian":
        raise UnavailableError(f"the suites come from Debian's source packages, and this is no Debian; {_HINT}")
    return str(facts["VERSION_CODENAME"])


def _signed_by() -> str:
    # Without the keyring apt looks through the keys that the system trusts, and refuses if none fits.
    return f"[signed-by={_KEYRING}] " if _KEYRING.is_file() else ""


def _write_configuration(workspace: Path, source: str) -> Path:
    for folder in ("lists/partial", "cache/archives/partial", "parts"):
        (workspace / folder).mkdir(parents=True)
    (workspace / "sources.list").write_text(f"{source}\n", encoding="utf-8")
    settings = {
        "Dir::Etc::SourceList": workspace / "sources.list",
        "Dir::Etc::SourceParts": workspace / "parts",
        "Dir::State::Lists": workspace / "lists",
        "Dir::Cache": workspace / "cache",
        "Acquire::Languages": "none",
        # The user that apt would change to may not be allowed into this directory.
        "APT::Sandbox::User": "root",
    }
    path = workspace / "apt.conf"
    path.write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()), encoding="utf-8")
    return path


def _apt(configuration: Path, cwd: Path, *arguments: str) -> None:
    # By -c, not by the variable APT_CONFIG: that one is read before the system's files, which would overrule it.
    _run(["apt-get", "-c", str(configuration), "-qq", *arguments], cwd)


def _run(command: list[str], cwd: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}".rstrip())
