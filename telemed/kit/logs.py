"""Logs as JSON lines: ids, counts and reason codes; never a name, a birth date, a measured value or an SDP."""

import logging
import sys
from typing import Any

import structlog


def start(program: str, level: int = logging.INFO) -> None:
    """Send everything, our own lines and the libraries', to standard error as one JSON object a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    structlog.contextvars.bind_contextvars(program=program)
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(),
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry *name*."""
    return structlog.get_logger(part=name)  # type: ignore[no-any-return]
