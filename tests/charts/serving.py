"""A chart repository, an OCI registry or anything else that speaks HTTP, on loopback, with a note of who asked how."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from charts.oci import CHART_LAYER

Answer = tuple[int, dict[str, str], bytes]
Answering = Callable[[str, Mapping[str, str]], Answer]


@dataclass
class Server:
    """One origin. `asked` are the requests in order: path and Authorization header ("" without one)."""

    url: str
    asked: list[tuple[str, str]] = field(default_factory=list)

    def authorization_of(self, path: str) -> str:
        """What came with the last request for the path."""
        return next(header for asked, header in reversed(self.asked) if asked == path)


@contextmanager
def serving(answering: Answering) -> Iterator[Server]:
    """Serve until left; `answering(path, headers)` gives status, headers and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append((self.path, self.headers.get("Authorization", "")))
            status, headers, body = answering(self.path, self.headers)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Tests read `asked` instead."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def files(held: Mapping[str, bytes]) -> Answering:
    """Answers with these files, and 404 for others."""

    def answer(path: str, _headers: Mapping[str, str]) -> Answer:
        return (200, {}, held[path]) if path in held else (404, {}, b"not here")

    return answer


def index_of(archives: Mapping[str, bytes], *, at: str = "", digests: bool = True) -> bytes:
    """An index.yaml over archives named NAME-VERSION.tgz, as `helm repo index` writes it."""
    entries: dict[str, list[dict[str, object]]] = {}
    for file, content in archives.items():
        name, _dash, version = file.removesuffix(".tgz").rpartition("-")
        entry: dict[str, object] = {
            "apiVersion": "v2",
            "name": name,
            "version": version,
            "appVersion": "9.9",
            "description": f"The chart {name}",
            "keywords": ["demo", f"about-{name}"],
            "urls": [f"{at}{file}"],
        }
        if digests:
            entry["digest"] = hashlib.sha256(content).hexdigest()
        entries.setdefault(name, []).append(entry)
    return yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()


def repository_of(archives: Mapping[str, bytes]) -> Answering:
    """A classic repository."""
    return files({"/index.yaml": index_of(archives), **{f"/{file}": content for file, content in archives.items()}})


def registry_of(path: str, tags: Mapping[str, bytes], *, tampered: bool = False) -> dict[str, bytes]:
    """The files of a registry that holds one chart under several tags."""
    held = {
        f"/v2/{path}/tags/list": json.dumps({"name": path, "tags": list(tags)}).encode(),
        "/v2/_catalog?n=1000": json.dumps({"repositories": [path, "else/where"]}).encode(),
    }
    for tag, content in tags.items():
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        layers = [{"mediaType": CHART_LAYER, "digest": digest, "size": len(content)}]
        held[f"/v2/{path}/manifests/{tag}"] = json.dumps({"schemaVersion": 2, "layers": layers}).encode()
        held[f"/v2/{path}/blobs/{digest}"] = content[:-1] + b"x" if tampered else content
    return held
