"""A real browser with a virtual device connects a passkey on a page of the local cabinet, and signs in with it alone."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.proof


class Cabinet:
    """The local cabinet in a process of its own, and what it printed at its start."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"  # passkeys need the name: an address is no domain
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.cabinet"],
            cwd=ROOT,
            env={**os.environ, "PORT": str(self.port)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.printed: list[str] = []
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                if answer.status == 200 and self.logins():
                    return
            time.sleep(0.1)
        raise TimeoutError("The local cabinet did not start within half a minute.")

    def _listen(self) -> None:
        with self.process.stdout or contextlib.nullcontext(()) as lines:
            self.printed.extend(lines)

    def stop(self) -> int:
        """End it as Ctrl-C would and return how it ended."""
        self.process.send_signal(signal.SIGINT)
        self.listener.join(timeout=20)
        return self.process.wait(timeout=20)

    def logins(self) -> list[str]:
        """Return the logins of the demonstration's people."""
        return re.findall(r"^ {2}([a-z_]\w*) — ", "".join(self.printed), re.MULTILINE)

    @property
    def password(self) -> str:
        """The password of all of them."""
        found = re.search(r"пароль у всех (\S+),", "".join(self.printed))
        assert found is not None
        return found.group(1)


@pytest.fixture(scope="module")
def cabinet() -> Iterator[Cabinet]:
    """Run the local cabinet on a free port."""
    running = Cabinet()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Run Chromium with a device that has a screen lock and keeps passkeys."""
    for name in ("chromium", "chromedriver"):
        assert shutil.which(name), (
            f"{name} is missing: run infra/proof.sh (on Debian: apt-get install chromium-driver)."
        )
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver"))))
    device = VirtualAuthenticatorOptions(
        protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
        transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
        has_resident_key=True,
        has_user_verification=True,
        is_user_verified=True,
    )
    running.add_virtual_authenticator(device)
    yield running
    running.quit()


def said(browser: Any) -> str:
    """Wait for the page to tell how it went."""
    place = browser.find_element(By.ID, "said")
    WebDriverWait(browser, 30).until(lambda _: place.text not in {"", "…"})
    return str(place.text)


def test_a_passkey_is_connected_in_the_browser(cabinet: Cabinet, browser: Any) -> None:
    """Password and code, then the device makes a key that the cabinet takes; nothing breaks the page's policy."""
    browser.get(f"{cabinet.url}/_local/passkey")
    browser.find_element(By.NAME, "login").send_keys(cabinet.logins()[-1])
    browser.find_element(By.NAME, "password").send_keys(cabinet.password)
    browser.find_element(By.CSS_SELECTOR, "form button").click()
    assert said(browser).startswith("Ключ подключён.")
    (kept,) = browser.get_credentials()
    assert (kept.is_resident_credential, kept.rp_id) == (True, "localhost")
    assert str(kept.user_handle)
    complaints = [one for one in browser.get_log("browser") if "favicon" not in one["message"]]
    assert complaints == [], json.dumps(complaints, ensure_ascii=False)


def test_the_passkey_signs_in_without_login_and_password(cabinet: Cabinet, browser: Any) -> None:
    """A fresh page, one press: the device names the person and proves him."""
    browser.get(f"{cabinet.url}/_local/passkey")
    browser.find_element(By.ID, "enter").click()
    assert said(browser).startswith("Вход выполнен.")


def test_the_device_makes_no_second_key_for_the_same_person(cabinet: Cabinet, browser: Any) -> None:
    """The key that it holds is excluded, and the browser says so."""
    browser.get(f"{cabinet.url}/_local/passkey")
    browser.find_element(By.NAME, "login").send_keys(cabinet.logins()[-1])
    browser.find_element(By.NAME, "password").send_keys(cabinet.password)
    browser.find_element(By.CSS_SELECTOR, "form button").click()
    assert said(browser).startswith("Не получилось.")
    assert len(browser.get_credentials()) == 1
