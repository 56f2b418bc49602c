"""What may be done with audit sinks: one file a verb."""

from sinks.commands.create import create_sink
from sinks.commands.edit import edit_sink
from sinks.commands.remove import remove_sink
from sinks.commands.test import test_sink

__all__ = ["create_sink", "edit_sink", "remove_sink", "test_sink"]
