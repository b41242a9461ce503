"""Ends the process group of a local cluster when `quorate up` is gone. Run as a script, with a pipe as its input.

`up` holds the other end of the pipe and never writes to it. However `up` ends, kill -9 included, the kernel closes
that end, the read here returns, and everything in the group (the servers, the sentinels, this process) is killed.
On Linux the children also ask the kernel to kill them with their parent; elsewhere this is the only leash.
"""

import os
import signal


def main() -> None:
    # Whoever stops the group politely means the servers; the watchdog must outlive them.
    for polite in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
