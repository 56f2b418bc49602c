"""What may be done with channels: one file a verb."""

from notifications.commands.create import create_channel
from notifications.commands.edit import edit_channel
from notifications.commands.remove import remove_channel
from notifications.commands.test import test_channel

__all__ = ["create_channel", "edit_channel", "remove_channel", "test_channel"]
