"""`quorate down`: stop a cluster that runs on this machine."""

import os
import signal
import time
from pathlib import Path

import click

from quorate.cli.complaint import complain
from quorate.local import folder as folders
from quorate.local.folder import Folder
from quorate.local.trouble import LocalError

_PATIENCE = 15.0


@click.command("down")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="The directory of the cluster to stop.")
@click.pass_context
def command(context: click.Context, /, directory: Path | None) -> None:
    """Stop a cluster that `quorate up` runs on this machine, in the background or not. Its data stays.

    Without --dir there must be exactly one. Exit code: 0 stopped, 1 nothing to stop or it did not end.
    """
    try:
        folder = _find(directory)
        seconds = _stop(folder)
    except LocalError as error:
        context.exit(complain(error))
    click.echo(f"Stopped the cluster in {folder.path} after {seconds:.1f} s.")
    if folder.path.exists():
        click.echo(f"Continue with it: quorate up --dir {folder.path}")


def _find(directory: Path | None) -> Folder:
    if directory is not None:
        folder = Folder(directory.resolve())
        if folder.owner() is None:
            raise LocalError(f"No cluster is running in {folder.path}.")
        return folder
    clusters = folders.running()
    if not clusters:
        raise LocalError("No cluster is running here.", "`quorate up --detach` starts one.")
    if len(clusters) > 1:
        raise LocalError(
            "Several clusters are running here; choose with --dir:", "", tuple(str(c.path) for c in clusters)
        )
    return clusters[0]


def _stop(folder: Folder) -> float:
    """Ask `up` to end; kill it if it does not, which its watchdog follows. The seconds that it took."""
    began = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGKILL):
        owner = folder.owner()
        if owner is None:
            break
        try:
            os.kill(owner, number)
        except OSError as error:
            raise LocalError(f"Process {owner} cannot be stopped: {error.strerror}.") from error
        deadline = time.monotonic() + _PATIENCE
        while folder.owner() is not None and time.monotonic() < deadline:
            time.sleep(0.02)
    if folder.owner() is not None:
        raise LocalError(f"The cluster in {folder.path} does not end (process {folder.owner()}).")
    return time.monotonic() - began
