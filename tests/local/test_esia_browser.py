"""A real browser goes through «Войти через Госуслуги» on a running cabinet, from the button to the proved identity."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.proof
ROOT = Path(__file__).resolve().parents[2]
WAIT = 15


@pytest.fixture(scope="module")
def cabinet() -> Iterator[str]:
    """Start the local cabinet on a free port and return its address; the help centre has to be built."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "infra.local.cabinet"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PORT": str(port)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Остановить" in line:
            break
    yield f"http://localhost:{port}"
    process.terminate()
    process.communicate(timeout=20)


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    """Start a browser without a window."""
    options = webdriver.ChromeOptions()
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    made = webdriver.Chrome(options=options)
    yield made
    made.quit()


def press(browser: webdriver.Chrome, text: str) -> None:
    """Press the button with a text."""
    WebDriverWait(browser, WAIT).until(
        lambda one: [
            each for each in one.find_elements(By.TAG_NAME, "button") if each.text == text and each.is_enabled()
        ]
    )[0].click()


def said(browser: webdriver.Chrome) -> Any:
    """Return the title and the text that the page of return says in the end."""
    WebDriverWait(browser, WAIT).until(lambda one: one.find_elements(By.CSS_SELECTOR, "#said h2"))
    return (
        browser.find_element(By.CSS_SELECTOR, "#said h2").text,
        browser.find_element(By.CSS_SELECTOR, "#said").text,
    )


def enter(browser: webdriver.Chrome, cabinet: str, person: str, act: str = "Войти") -> None:
    """Go from the start page through ЕСИА as a person."""
    browser.get(f"{cabinet}/esia/start.html")
    press(browser, "Войти через Госуслуги")
    choice = WebDriverWait(browser, WAIT).until(lambda one: one.find_elements(By.CSS_SELECTOR, f'[value="{person}"]'))
    choice[0].click()
    press(browser, act)


def confirm(browser: webdriver.Chrome) -> None:
    """Enter the second factor at ЕСИА."""
    WebDriverWait(browser, WAIT).until(lambda one: one.find_elements(By.NAME, "second"))[0].send_keys("123456")
    press(browser, "Продолжить")


def quiet(browser: webdriver.Chrome) -> list[str]:
    """Return what the browser complains of, refusals of the API aside."""
    logged: list[dict[str, str]] = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [one["message"] for one in logged if "Failed to load resource" not in one["message"]]


def _register(cabinet: str, browser: webdriver.Chrome) -> None:
    phone, email = browser.find_element(By.ID, "phone"), browser.find_element(By.ID, "email")
    assert phone.get_attribute("value") == "+79165550002"
    assert email.get_attribute("value") == "gosuslugi002@example.ru"
    press(browser, "Получить коды")
    until(browser, "Коды отправлены")
    for field, to in (("phone-code", "+79165550002"), ("email-code", "gosuslugi002@example.ru")):
        browser.find_element(By.ID, field).send_keys(code_sent(cabinet, to))
    press(browser, "Подтвердить")
    until(browser, "Телефон и почта подтверждены")
    browser.find_element(By.ID, "policy").click()
    press(browser, "Завершить регистрацию")
    until(browser, "Регистрация завершена")


def until(browser: webdriver.Chrome, title: str) -> None:
    """Wait for a title of what the page says."""
    WebDriverWait(browser, WAIT).until(lambda one: one.find_element(By.CSS_SELECTOR, "#said h2").text == title)


def code_sent(cabinet: str, to: str) -> str:
    """Return the code in the newest message to an address."""

    def found(_: object) -> list[str]:
        request = urllib.request.Request(f"{cabinet}/_local/outbox", headers={"Accept": "application/json"})
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            return [one["text"] for one in json.loads(answer.read()) if one["to"] == to]

    texts = WebDriverWait(None, WAIT).until(found)  # type: ignore[type-var]
    return str(re.findall(r"\b\d{6}\b", texts[-1])[0])


def test_a_person_without_a_cabinet_registers_on_the_page(cabinet: str, browser: webdriver.Chrome) -> None:
    """Proved, with a clean address bar; phone and mail are filled in, and three forms later the cabinet is open."""
    enter(browser, cabinet, "factor")
    confirm(browser)
    title, text = said(browser)
    assert title == "Личность подтверждена"
    assert "Кабинета с вашим СНИЛС ещё нет" in text
    assert browser.current_url == f"{cabinet}/esia/return.html"
    assert browser.execute_script("return sessionStorage.length") == 0
    _register(cabinet, browser)
    leave = browser.find_element(By.ID, "logout").get_attribute("href") or ""
    assert re.search(r"/idp/ext/Logout\?client_id=", leave)
    assert quiet(browser) == []


def test_a_person_with_a_cabinet_gets_his_session(cabinet: str, browser: webdriver.Chrome) -> None:
    """With ЕСИА's second factor the session opens at once, in a cookie that no script can read."""
    enter(browser, cabinet, "officer")
    confirm(browser)
    assert said(browser)[0] == "Вы вошли"
    cookies = {one["name"]: one for one in browser.get_cookies()}
    assert cookies["__Host-cabinet"]["httpOnly"]
    assert quiet(browser) == []


def test_a_password_alone_asks_for_the_cabinet_s_factor(cabinet: str, browser: webdriver.Chrome) -> None:
    """What is connected is offered; an SMS needs to be sent."""
    enter(browser, cabinet, "cardiologist")
    assert "Подтвердите вход вторым фактором" in said(browser)[1]
    assert browser.find_element(By.ID, "factor").is_displayed()
    kinds = [one.get_attribute("value") for one in browser.find_elements(By.CSS_SELECTOR, "#kind option")]
    assert kinds
    assert set(kinds) <= {"sms", "email", "totp", "recovery", "passkey"}
    browser.find_element(By.CSS_SELECTOR, '#kind [value="sms"]').click()
    assert browser.find_element(By.ID, "send").is_displayed()
    assert browser.find_element(By.ID, "code").is_displayed()


def test_a_refusal_is_explained_with_its_help(cabinet: str, browser: webdriver.Chrome) -> None:
    """«Отказаться» at ЕСИА: the title, what to do, and a link to the entry of this very message."""
    enter(browser, cabinet, "doctor", "Отказаться")
    assert said(browser)[0] == "Вход отменён на Госуслугах"
    link = browser.find_element(By.CSS_SELECTOR, "#said a").get_attribute("href")
    assert link == f"{cabinet}/errors/#provider-declined"
    assert quiet(browser) == []


def test_a_foreign_link_signs_nobody_in(cabinet: str, browser: webdriver.Chrome) -> None:
    """A code and state brought by a link find no pass in this tab: nothing is even sent."""
    browser.get(f"{cabinet}/esia/return.html?code=a.b.c&state=0b6f2f6e-6f1c-4c39-8b53-6f0f1b0a3f11")
    assert said(browser)[0] == "Вход начат не здесь"
    assert browser.current_url == f"{cabinet}/esia/return.html"
    browser.get(f"{cabinet}/esia/return.html")
    assert said(browser)[0] == "Ответа Госуслуг нет"
    assert quiet(browser) == []
