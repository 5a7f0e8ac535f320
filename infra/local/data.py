"""The folder in which the second engine keeps its data between runs: `make run ENGINE=ministack DATA=…`.

One run at a time works with a folder, also while the engine of a run that was killed is still writing. A folder is
taken only by the version that made it, and no folder with anything else in it is touched.
"""

import fcntl
import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from infra.local.engine import CannotStart

MARK: Final = "cabinet.json"
LOCK: Final = "lock"
STATE: Final = "state/dynamodb.json"  # what ministack writes when it ends
OBJECTS: Final = "s3"


class Data:
    """An open folder; `lock` is the descriptor that holds it, `is_new` tells that nothing has been kept in it yet."""

    def __init__(self, folder: Path, template: dict[str, Any], tools: bytes) -> None:
        self.folder = folder
        self._version = _digest(json.dumps(template["Resources"], sort_keys=True).encode(), tools)
        try:
            self._open()
        except FileExistsError:
            raise CannotStart(
                f"DATA={folder} — не папка. Укажите папку, в которой кабинет будет хранить данные."
            ) from None
        except OSError as error:
            raise CannotStart(f"Папка {folder} недоступна ({error.strerror}). Укажите в DATA другую папку.") from error

    def close(self) -> None:
        """Note how far the cabinet's clock has been moved, and let the folder go."""
        from chalicelib.kit import clock  # noqa: PLC0415 - see infra/local/engine.py

        self._write(round((clock.now() - datetime.now(UTC)).total_seconds()))
        os.close(self.lock)

    def _open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = self.folder / MARK
        if not mark.exists() and any(one.name != LOCK for one in self.folder.iterdir()):
            raise CannotStart(f"В папке {self.folder} лежат не данные кабинета. Укажите в DATA пустую или новую папку.")
        self.lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if mark.exists():
                self._continue(mark.read_bytes())
            else:
                self._write(0)
        except BlockingIOError:
            os.close(self.lock)
            raise CannotStart(
                f"С папкой {self.folder} уже работает другой кабинет. Остановите его или укажите в DATA другую папку."
            ) from None
        except BaseException:
            os.close(self.lock)
            raise
        self.is_new = not (self.folder / STATE).exists()
        if self.is_new:  # objects are written at once, so a run that was killed may have left some
            shutil.rmtree(self.folder / OBJECTS, ignore_errors=True)

    def _continue(self, mark: bytes) -> None:
        """Go on where the last run ended, its clock included: time never runs back."""
        from chalicelib.kit import clock  # noqa: PLC0415 - see infra/local/engine.py

        try:
            kept = json.loads(mark)
            version, ahead = kept["version"], max(0, int(kept["clock_ahead_seconds"]))
        except (KeyError, TypeError, ValueError):
            version = None
        if version != self._version:
            raise CannotStart(
                f"Данные в папке {self.folder} записала другая версия кабинета. "
                "Укажите в DATA другую папку или удалите эту: тогда кабинет начнёт заново."
            )
        clock.advance(ahead)

    def _write(self, ahead: int) -> None:
        written = self.folder / f"{MARK}.new"
        written.write_text(json.dumps({"version": self._version, "clock_ahead_seconds": ahead}), encoding="utf-8")
        written.replace(self.folder / MARK)


def _digest(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()
