"""What a relay does to a request instead of passing it on."""

from __future__ import annotations

import json
import time

from tests.faults.relay import Fault, Passage, Request

LOGIN_PAGE = "<html><head><title>Sign in</title></head><body><form>Password</form></body></html>"


def slow(seconds: float) -> Fault:
    """Take the request, and pass it on only after so long, whether or not anybody still waits."""

    def act(passage: Passage, request: Request) -> None:
        time.sleep(seconds)
        passage.pass_on(request)

    return act


def refuses(status: int, reason: str, message: str) -> Fault:
    """The API server itself says no."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}

    def act(passage: Passage, request: Request) -> None:
        passage.say(status, json.dumps({**body, "reason": reason, "message": message}))

    return act


def login_page(status: int = 200) -> Fault:
    """Something else answers at this address."""

    def act(passage: Passage, request: Request) -> None:
        passage.say(status, LOGIN_PAGE, "text/html")

    return act


def loses_the_answer(passage: Passage, request: Request) -> None:
    """The request is carried out, and nobody hears of it."""
    passage.pass_on(request, answer=False)
    passage.hang_up()


def hangs_up(passage: Passage, request: Request) -> None:
    """The connection ends before the API server has heard anything."""
    passage.hang_up()
