"""What the environment of ministack runs: ministack, until the pipe that is its standard input closes.

The pipe closes when the starting program ends in whatever way, so nothing is left behind and what is kept is written.
ministack needs `cryptography` for keys that sign; it is found in the environment named by the one argument.
"""

import os
import runpy
import signal
import sys
import threading


def _follow() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


sys.path.append(sys.argv.pop())
threading.Thread(target=_follow, daemon=True).start()
runpy.run_module("ministack", run_name="__main__", alter_sys=True)
