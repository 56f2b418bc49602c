"""Structured log lines: one event with fields, the request's id on each, secrets masked on all."""

from __future__ import annotations

import logging.config
from typing import TYPE_CHECKING, Any

import structlog

from web import request_id
from web.redact import redacted

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger


def configure(wanted: dict[str, Any]) -> None:
    """Set up logging for this process. `wanted`: `level`, and `json` for machine-readable lines."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        add_request_id,
        mask_secrets,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer() if wanted["json"] else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # Python's warnings are lines like all others where machines read them.
    logging.captureWarnings(wanted["json"])
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "lines": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *shared],
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"handlers": ["stderr"], "level": wanted["level"]},
            "loggers": {
                # Every page that is not found and every denied request would be a line; the access log has them.
                "django.request": {"level": "ERROR"},
                "django.db.backends": {"level": "INFO"},
                "axes": {"level": "WARNING"},
                "httpx": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
            },
        }
    )


def add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the id of the request at hand on the line, where there is one."""
    if current := request_id.current():
        event.setdefault("request_id", current)
    return event


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask what sounds or looks secret, in fields, texts and tracebacks."""
    meta = {key: value for key, value in event.items() if key.startswith("_")}
    masked = redacted({key: value for key, value in event.items() if key not in meta})
    return {**masked, **meta}
