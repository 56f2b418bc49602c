"""What stands at the address of Prometheus: it passes every question on to the real one, until it is told otherwise."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


def vector(*values: str) -> str:
    """An answer of Prometheus with one series for each value."""
    result = [{"metric": {"n": str(n)}, "value": [1_790_000_000.0, value]} for n, value in enumerate(values)]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


ANSWERS = {
    "nan": vector("NaN"),
    "infinite": vector("+Inf"),
    "nothing": vector(),
    "many": vector(*["1"] * 10_000),
    "matrix": json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}),
    "login page": "<html>Sign in</html>",
}


class PrometheusRelay:
    """`mode` is "" (passes on), "down" (hangs up), "slow" (never answers), or a key of ANSWERS."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.mode = ""
        self._over = threading.Event()
        relay = self

        class Passage(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                relay.answer(self)

            def log_message(self, *args: object) -> None:
                """Tests are silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Passage)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, passage: Any) -> None:
        body = passage.rfile.read(int(passage.headers.get("Content-Length") or 0))
        if self.mode == "down":
            passage.close_connection = True
            return
        if self.mode == "slow":
            self._over.wait(20)
            return
        if self.mode:
            content = ANSWERS[self.mode].encode()
        else:
            upstream = http.client.HTTPConnection(self.upstream, timeout=10)
            upstream.request("POST", passage.path, body, {"Content-Type": passage.headers["Content-Type"]})
            content = upstream.getresponse().read()
            upstream.close()
        passage.send_response(200)
        passage.send_header("Content-Length", str(len(content)))
        passage.end_headers()
        passage.wfile.write(content)

    def close(self) -> None:
        """End it, with those who still wait for an answer."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
