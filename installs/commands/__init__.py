"""What may be done with installs, one function a verb."""

from installs.commands.acknowledge import acknowledge
from installs.commands.add_nodes import add_nodes
from installs.commands.cancel import cancel_install
from installs.commands.confirm_host_key import confirm_host_key
from installs.commands.create import create_install
from installs.commands.edit import edit_install
from installs.commands.fix import run_fixes
from installs.commands.preflight import preflight
from installs.commands.remove import remove_install
from installs.commands.remove_node import remove_node
from installs.commands.renew_certificates import renew_certificates
from installs.commands.reset import reset_install
from installs.commands.retry import retry_install
from installs.commands.start import start_install
from installs.commands.upgrade import upgrade_install

__all__ = [
    "acknowledge",
    "add_nodes",
    "cancel_install",
    "confirm_host_key",
    "create_install",
    "edit_install",
    "preflight",
    "remove_install",
    "remove_node",
    "renew_certificates",
    "reset_install",
    "retry_install",
    "run_fixes",
    "start_install",
    "upgrade_install",
]
