"""What may be done with sources of webhooks: one file a verb."""

from webhooks.commands.create import create_source
from webhooks.commands.deliver_again import deliver_again
from webhooks.commands.edit import edit_source
from webhooks.commands.receive import receive
from webhooks.commands.remove import remove_source
from webhooks.commands.rotate import rotate_source

__all__ = ["create_source", "deliver_again", "edit_source", "receive", "remove_source", "rotate_source"]
