# SPDX-License-Identifier: Apache-2.0
"""A real browser with somebody before it: Chromium, told beforehand what they will do.

It is started as BROWSER="python -m tests.login_real.browser %s" says. What came of the errand is
written where that says. Whatever happens, the browser is closed.
"""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.login_real.errand import ERRAND, Errand

SECONDS = 40
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=760,560",
)
# Nobody but this machine is looked for.
_ONLY_HERE = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"
_OVER_IPV6 = "MAP localhost [::1], MAP * ~NOTFOUND, EXCLUDE [::1]"


def main(url: str) -> None:
    """Go to *url* on the errand, and write down where it ended."""
    errand = Errand(**json.loads(os.environ[ERRAND]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with browser(errand) as chrome:
        chrome.get(url)
        _Visit(chrome, errand).go()
        outcome = {
            "url": chrome.current_url,
            "title": chrome.title,
            "text": chrome.find_element(By.TAG_NAME, "body").text,
            "history": chrome.execute_script("return history.length"),
            "background": chrome.execute_script(
                "return getComputedStyle(document.body).backgroundColor"
            ),
        }
    written = Path(errand.outcome + ".part")
    written.write_text(json.dumps(outcome))
    written.rename(errand.outcome)


@contextmanager
def browser(errand: Errand) -> Iterator[Chrome]:
    """Open a browser that nobody has used yet; close it when the block ends, however it does."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--user-data-dir={errand.profile}"):
        options.add_argument(flag)
    rules = _OVER_IPV6 if errand.ipv6 else _ONLY_HERE
    options.add_argument(f"--host-resolver-rules={rules}")
    service = ChromeService(executable_path=shutil.which("chromedriver") or "")
    chrome = Chrome(options=options, service=service)
    try:
        chrome.set_page_load_timeout(SECONDS)
        scheme = "dark" if errand.dark else "light"
        chrome.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        yield chrome
    finally:
        chrome.quit()


class _Visit:
    """One visit to an issuer: its pages are told apart by what they have on them."""

    def __init__(self, chrome: Chrome, errand: Errand) -> None:
        self._chrome = chrome
        self._errand = errand
        self._has_cancelled = False

    def go(self) -> None:
        """Do what every page asks for, until one asks for nothing any more."""
        steps: dict[str, Callable[[], None]] = {
            "code": self._type_code,
            "confirm": self._confirm,
            "login": self._log_in,
            "consent": self._consent,
            "who": self._say_who,
        }
        while (page := self._page()) in steps:
            self._photograph(page)
            if self._errand.choice == "wait":
                Path(self._errand.outcome + ".waiting").touch()
                time.sleep(SECONDS)
            before = self._document()
            steps[page]()
            self._wait(lambda before=before: self._document() != before)
            if self._has_cancelled:  # who would be asked again
                break
        self._photograph("end")

    def _document(self) -> str:
        """Return what tells the present page from the next."""
        return self._chrome.find_element(By.TAG_NAME, "html").id

    def _page(self) -> str:
        self._wait(lambda: self._chrome.execute_script("return document.readyState") == "complete")
        for name, selector in (
            ("code", "#op\\.deviceInputForm input[name=user_code]"),
            ("confirm", "#op\\.deviceConfirmForm"),
            ("login", "form input[name=login]"),
            ("consent", "form input[name=prompt][value=consent]"),
            ("who", "form input[name=email]"),
        ):
            if self._chrome.find_elements(By.CSS_SELECTOR, selector):
                return name
        return "end"

    def _type_code(self) -> None:
        field = self._chrome.find_element(By.NAME, "user_code")
        field.send_keys(self._errand.user_code)
        self._chrome.find_element(By.CSS_SELECTOR, "[type=submit]").click()

    def _confirm(self) -> None:
        self._chrome.find_element(By.CSS_SELECTOR, "[type=submit]:not([name=abort])").click()

    def _log_in(self) -> None:
        if self._errand.choice == "cancel":
            self._has_cancelled = True
            self._chrome.find_element(By.PARTIAL_LINK_TEXT, "Cancel").click()
            return
        self._chrome.find_element(By.NAME, "login").send_keys(self._errand.who)
        self._chrome.find_element(By.NAME, "password").send_keys("whatever")
        self._chrome.find_element(By.CSS_SELECTOR, "[type=submit]").click()

    def _consent(self) -> None:
        self._chrome.find_element(By.CSS_SELECTOR, "[type=submit]").click()

    def _say_who(self) -> None:
        """On the page of a sandbox."""
        for name, text in (("user_code", self._errand.user_code), ("email", self._errand.who)):
            for each in self._chrome.find_elements(By.NAME, name):
                if each.is_displayed() and not each.get_attribute("value"):
                    each.send_keys(text)
        choice = "no" if self._errand.choice == "cancel" else "yes"
        self._photograph("who-filled-in")
        self._chrome.find_element(By.CSS_SELECTOR, f"button[value={choice}]").click()

    def _photograph(self, page: str) -> None:
        name = self._errand.pages.get(page)
        if self._errand.folder and name:
            photograph(self._chrome, Path(self._errand.folder) / f"{name}.png")

    def _wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self._chrome, SECONDS, poll_frequency=0.05).until(lambda _: _tried(condition))


def photograph(chrome: Chrome, path: Path) -> None:
    """Keep what *chrome* shows as a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if chrome.current_url.startswith("file:"):  # a card, with nothing around it
        chrome.find_element(By.TAG_NAME, "body").screenshot(str(path))
    else:
        chrome.save_screenshot(str(path))


def _tried(condition: Callable[[], object]) -> object:
    try:
        return condition()
    except WebDriverException:  # the page is just being replaced by the next
        return False


if __name__ == "__main__":
    main(sys.argv[1])
