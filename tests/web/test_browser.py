"""The console in a real browser, as a person uses it: by mouse, by keyboard, on a phone."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait
from support.demo_service import stylus
from support.wallets import serving

from api.settings import DEMO_API_KEY

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_SECONDS = 20
DESKTOP, PHONE = (1100, 800), (360, 740)
Open = Callable[..., webdriver.Chrome]


def _binaries() -> tuple[str, str]:
    """Browser and driver. Without them these tests are skipped, or fail where one must be."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if browser and driver:
        return browser, driver
    missing = "there is no chromium with its chromedriver on this machine"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(f"{missing}, and REQUIRE_BROWSER=1 wants these tests run")
    pytest.skip(missing)


@pytest.fixture
def open_browser(tmp_path: Path) -> Iterator[Open]:
    """Starts browsers, each with a profile of its own; all of them are quit afterwards."""
    browser, driver = _binaries()
    started: list[webdriver.Chrome] = []

    def start(size: tuple[int, int] = DESKTOP, *, scripts: bool = True) -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*FLAGS, f"--user-data-dir={tmp_path}/profile-{len(started)}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not scripts:
            blocked = {"profile.managed_default_content_settings.javascript": 2}
            options.add_experimental_option("prefs", blocked)
        chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        started.append(chrome)
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1,
                   "mobile": size == PHONE}  # fmt: skip
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        return chrome

    try:
        yield start
    finally:
        for chrome in started:
            chrome.quit()


@pytest.fixture
def console(app: FastAPI, client: TestClient) -> Iterator[str]:
    """The console's address, on a server over the demo with one accessory denied on top of it."""
    made = client.post("/v1/purchases", json=stylus(client, "Jonah Whitaker", "D-2202"))
    assert made.json()["reasons"] == ["ACCESSORY_WINDOW_CLOSED"]
    with serving(app) as url:
        yield f"{url}/console"


def arrive(chrome: webdriver.Chrome, path: str) -> None:
    """Waits until the browser shows the page of that path, all of it."""

    def is_there(_: webdriver.Chrome) -> bool:
        return urlsplit(chrome.current_url).path.startswith(path)

    WebDriverWait(chrome, WAIT_SECONDS).until(is_there, f"{path}, not {chrome.current_url}")


def labelled(chrome: webdriver.Chrome, text: str) -> WebElement:
    """The field that a person finds by its label."""
    label = chrome.find_element(By.XPATH, f"//label[normalize-space()='{text}']")
    return chrome.find_element(By.ID, str(label.get_attribute("for")))


def sign_in(chrome: webdriver.Chrome, console: str) -> None:
    chrome.get(console)
    arrive(chrome, "/console/sign-in")
    labelled(chrome, "API key").send_keys(DEMO_API_KEY)
    chrome.find_element(By.XPATH, "//button[.='Sign in']").click()
    arrive(chrome, "/console/decisions")


def open_denied_accessory(chrome: webdriver.Chrome) -> None:
    """Searches for denied decisions of that reason and opens the only one."""
    Select(labelled(chrome, "Verdict")).select_by_visible_text("deny")
    Select(labelled(chrome, "Reason")).select_by_visible_text("ACCESSORY_WINDOW_CLOSED")
    chrome.find_element(By.XPATH, "//button[.='Search']").click()
    (link,) = WebDriverWait(chrome, WAIT_SECONDS).until(
        lambda _: (
            "verdict=deny" in chrome.current_url
            and chrome.find_elements(By.XPATH, "//td/a[.='purchase']")
        ),
        "the search shows its result",
    )
    link.click()
    arrive(chrome, "/console/decisions/")


def assert_reads_why(chrome: webdriver.Chrome) -> None:
    """What a person sees, without opening anything, of why the accessory was denied."""
    decided = chrome.find_element(By.XPATH, "//section[h2='What decided']").text
    for said in (
        "ACCESSORY_WINDOW_CLOSED",
        "rules/purchase/accessory_window.yaml:16",
        "days_since_device 31 is above 30",
        "$accessory.window_days = 30 since 2022-07-01",
        "unconfirmed",
    ):
        assert said in decided, f"{said!r} is not in:\n{decided}"
    heading = chrome.find_element(By.TAG_NAME, "h1")
    assert heading.text == "May this purchase be paid from this account? deny"
    first, *others = chrome.find_elements(By.TAG_NAME, "h2")
    assert first.text == "What decided"
    assert first.rect["y"] < min(other.rect["y"] for other in others)


def assert_no_complaint(chrome: webdriver.Chrome) -> None:
    """Neither an error nor a violation of the page's security policy."""
    assert chrome.get_log("browser") == []


def test_an_auditor_finds_a_denied_accessory_and_reads_why(
    open_browser: Open, console: str
) -> None:
    chrome = open_browser()
    sign_in(chrome, console)
    open_denied_accessory(chrome)
    assert_reads_why(chrome)
    passed = chrome.find_element(
        By.XPATH, "//summary[contains(., 'A purchase is at most what is left')]"
    )
    steps = passed.find_element(By.XPATH, "../ul")
    assert not steps.is_displayed()
    passed.click()
    assert "available" in steps.text
    chrome.find_element(By.XPATH, "//button[.='Sign out']").click()
    arrive(chrome, "/console/sign-in")
    chrome.back()
    chrome.refresh()
    arrive(chrome, "/console/sign-in")  # what was read is not kept for whoever comes next
    assert_no_complaint(chrome)


def test_the_console_works_without_javascript(open_browser: Open, console: str) -> None:
    chrome = open_browser(scripts=False)
    chrome.get("data:text/html,<p>none</p><script>document.body.textContent='ran'</script>")
    assert chrome.find_element(By.TAG_NAME, "body").text == "none"
    sign_in(chrome, console)
    open_denied_accessory(chrome)
    assert_reads_why(chrome)


def test_no_page_is_wider_than_a_phone(open_browser: Open, console: str) -> None:
    chrome = open_browser(PHONE)

    def assert_fits() -> None:
        page = "return document.documentElement"
        assert chrome.execute_script("return window.innerWidth") == PHONE[0]
        assert chrome.execute_script(f"{page}.scrollWidth") <= PHONE[0], chrome.current_url

    chrome.get(console)
    arrive(chrome, "/console/sign-in")
    assert_fits()
    sign_in(chrome, console)
    assert_fits()
    open_denied_accessory(chrome)
    assert_reads_why(chrome)
    for folded in chrome.find_elements(By.CSS_SELECTOR, "main > details > summary, details"):
        chrome.execute_script("arguments[0].closest('details').open = true", folded)
    assert_fits()
    cut = chrome.execute_script(
        "return [...document.querySelectorAll('main *')]"
        ".filter(one => one.getBoundingClientRect().right > window.innerWidth + 1)"
        ".map(one => one.outerHTML.slice(0, 120))"
    )
    assert cut == []
    chrome.find_element(By.LINK_TEXT, "en español").click()
    WebDriverWait(chrome, WAIT_SECONDS).until(
        lambda _: chrome.find_elements(By.CSS_SELECTOR, "html[lang=es] article")
    )
    assert_fits()
    assert chrome.execute_script(FAINT) == []
    assert_no_complaint(chrome)


def test_a_person_signs_in_and_searches_with_the_keyboard_alone(
    open_browser: Open, console: str
) -> None:
    chrome = open_browser()
    chrome.get(console)
    arrive(chrome, "/console/sign-in")

    def press(*keys: str) -> None:
        webdriver.ActionChains(chrome).send_keys(*keys).perform()

    def focused() -> WebElement:
        return chrome.switch_to.active_element

    assert focused().get_attribute("id") == "key"  # the first key goes where it is meant
    press(DEMO_API_KEY, Keys.ENTER)
    arrive(chrome, "/console/decisions")
    press(Keys.TAB)
    assert focused().text == "Skip to the content"
    assert focused().is_displayed()
    press(Keys.ENTER, Keys.TAB)
    assert focused().get_attribute("id") == "decision"  # past the header
    press(Keys.TAB, "deny")
    assert focused().get_attribute("id") == "verdict"
    outline = focused().value_of_css_property("outline-style")
    assert outline == "solid"  # one sees where one is
    press(Keys.TAB, Keys.TAB, Keys.TAB)
    for _ in range(20):  # a date field has parts of its own
        if focused().tag_name == "button":
            break
        press(Keys.TAB)
    press(Keys.ENTER)
    WebDriverWait(chrome, WAIT_SECONDS).until(lambda _: "verdict=deny" in chrome.current_url)
    verdicts = {one.text for one in chrome.find_elements(By.CSS_SELECTOR, "td .verdict")}
    assert verdicts == {"deny"}
    assert_no_complaint(chrome)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    open_browser: Open, console: str, scheme: str
) -> None:
    """Contrast of at least 4.5 to 1, as WCAG 2.2 asks (1.4.3), in light and dark."""
    chrome = open_browser()
    chrome.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    sign_in(chrome, console)
    assert chrome.execute_script(FAINT) == []
    open_denied_accessory(chrome)
    ground = chrome.find_element(By.TAG_NAME, "body").value_of_css_property("background-color")
    is_dark = sum(map(int, ground[ground.index("(") + 1 : -1].split(",")[:3])) < 384
    assert is_dark == (scheme == "dark")
    assert chrome.execute_script(FAINT) == []


# The texts whose colour is too near to the colour of the nearest painted ground behind them.
FAINT = """
const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const ground = one => {
  for (; one; one = one.parentElement) {
    const found = numbers(getComputedStyle(one).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found;
  }
  return [255, 255, 255];
};
return [...document.querySelectorAll('body *')]
  .filter(one => [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .filter(one => {
    const [a, b] = [light(numbers(getComputedStyle(one).color)), light(ground(one))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
  })
  .map(one => one.outerHTML.slice(0, 120));
"""
