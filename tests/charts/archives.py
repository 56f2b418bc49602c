"""Chart archives for tests: good ones, and such as only somebody hostile would make."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping

CHART_YAML = "apiVersion: v2\nname: {name}\nversion: {version}\ndescription: {description}\nkeywords: [demo, web]\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: {app: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {app: {{ .Release.Name }}}
  template:
    metadata:
      labels: {app: {{ .Release.Name }}}
    spec:
      containers:
        - name: app
          image: example.com/app:{{ .Values.tag }}
"""
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-config
data:
  greeting: {{ .Values.greeting | quote }}
"""
SECRET = """apiVersion: v1
kind: Secret
metadata:
  name: {{ .Release.Name }}-secret
stringData:
  password: {{ .Values.password | quote }}
"""
VALUES = "replicas: 1\ntag: v1\ngreeting: hello\npassword: from-the-chart\n"


def web_chart(
    name: str = "web", version: str = "1.0.0", files: Mapping[str, str] | None = None, description: str = "A demo"
) -> bytes:
    """A chart with a Deployment and a ConfigMap; `files` are added or put in place of its own."""
    whole = {
        "Chart.yaml": CHART_YAML.format(name=name, version=version, description=description),
        "values.yaml": VALUES,
        "README.md": f"# {name}\n\nA chart for tests.\n",
        "templates/deployment.yaml": DEPLOYMENT,
        "templates/config.yaml": CONFIG,
        **(files or {}),
    }
    return packed({f"{name}/{path}": text.encode() for path, text in whole.items() if text})


def packed(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar with these files."""
    return archive([(tarfile.TarInfo(path), body) for path, body in files.items()])


def archive(members: list[tuple[tarfile.TarInfo, bytes]], *, level: int = 6) -> bytes:
    """A gzipped tar with these members, whatever they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member, body in members:
            member.size = len(body) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(body) if member.isreg() else None)
    return gzip.compress(out.getvalue(), level)


def member(path: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """A member of a kind that is no plain file."""
    made = tarfile.TarInfo(path)
    made.type, made.linkname = kind, link
    return made
