"""How long a first visit of each page of the shop takes on a slow phone: in Chromium, with nothing
kept from before, at 400 kB/s and 150 ms. Prints a table for docs/shop.md.

Wants a running service with the demo's data, which gets an order more by it:

    python -m benchmarks.visits http://127.0.0.1:8000
"""

import argparse
import os
import statistics
from dataclasses import dataclass
from typing import Any

import requests
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
BYTES_A_SECOND = 400_000
LATENCY = 150  # ms
VISITS = 5
PHONE = ViewportSize(width=390, height=844)
NAME, PASSWORD = "alex", "luffy-demo-2018"
# Notes when the page's heading and what it asks the service for stand there, in ms of the visit.
NOTE = """
const look = () => {
    const there = document.querySelector('main h1') && !document.querySelector('.skeleton');
    if (there) window.stoodThere ??= performance.now();
    else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@dataclass(frozen=True)
class Visit:
    """Milliseconds until one sees it all, what was asked for, and how much came."""

    ms: float
    requests: int
    of_the_api: int
    received: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="where the service is: http://127.0.0.1:8000")
    address = parser.parse_args().address.rstrip("/")
    token, pages = _prepared(address)
    print("| page | seen after, s | requests | of them the API's | kB |")
    print("|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        for name, path in pages.items():
            visits = [_visit(browser, address + path, token) for _ in range(VISITS)]
            median = statistics.median(visit.ms for visit in visits)
            one = visits[0]
            print(
                f"| {name} | {median / 1000:.2f} | {one.requests} | {one.of_the_api} "
                f"| {one.received / 1000:.0f} |",
                flush=True,
            )
        browser.close()


def _prepared(address: str) -> tuple[str, dict[str, str]]:
    """The account's token, and the pages by their names: with a course in the car, one settled, and
    an order that waits for its money."""

    def call(method: str, path: str, **body: Any) -> Any:
        answer = requests.request(
            method, f"{address}/api/{path}", json=body or None, headers=headers, timeout=30
        ).json()
        if answer["code"] != 1000:
            raise SystemExit(f"{method} {path}: {answer['error']}")
        return answer["data"]

    headers: dict[str, str] = {}
    token: str = call("POST", "auth/", username=NAME, password=PASSWORD)["token"]
    headers["Authorization"] = f"Token {token}"
    first, second, *_ = (
        course for course in call("GET", "course/")["course_list"] if course["price_policy"]
    )
    for course in (first, second):
        policy_id = course["price_policy"][0]["id"]
        call("POST", "shoppingcar/", courseid=course["id"], policyid=policy_id)
    call("POST", "payment/", courseids=[first["id"]])
    version = call("GET", "payment/quote/")["version"]
    number = call("POST", "order/", version=version, payment_type=1)["order_number"]
    call("POST", "payment/", courseids=[second["id"]])
    pages = {
        "课程": "/",
        "a course": f"/course/{first['id']}",
        "登录": "/login",
        "领券中心": "/coupon",
        "购物车": "/car",
        "结算中心": "/settle",
        "收银台": f"/order/{number}/pay",
        "我的订单": "/order",
        "an order": f"/order/{number}",
        "我的优惠券": "/my/coupon",
        "我的课程": "/my/course",
        "账号": "/account",
    }
    return token, pages


def _visit(browser: Browser, url: str, token: str) -> Visit:
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    context.add_init_script(
        f"localStorage.setItem('luffy.token', '{token}');"
        f"localStorage.setItem('luffy.name', '{NAME}');"
    )
    page = context.new_page()
    received = _slow(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(NOTE)
    page.goto(url)
    while not (ms := page.evaluate("window.stoodThere")):
        page.wait_for_timeout(50)
    page.wait_for_load_state("networkidle")
    of_the_api = sum("/api/" in one for one in asked)
    visit = Visit(ms, len(asked), of_the_api, sum(received))
    context.close()
    return visit


def _slow(page: Page) -> list[int]:
    """Slows the page's network down, and gives the list that the size of each answer gets into."""
    session, received = page.context.new_cdp_session(page), list[int]()
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    session.on(
        "Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"]))
    )
    return received


if __name__ == "__main__":
    main()
