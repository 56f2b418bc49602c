"""What may be done to the catalog: one verb a file. Page, API and bootstrap call the same ones."""

from services.commands.create_environment import create_environment
from services.commands.create_service import create_service
from services.commands.create_target import create_target
from services.commands.edit_environment import edit_environment
from services.commands.edit_service import edit_service
from services.commands.edit_target import edit_target
from services.commands.import_services import import_live, import_yaml
from services.commands.remove_environment import remove_environment
from services.commands.remove_service import remove_service
from services.commands.remove_target import remove_target

__all__ = [
    "create_environment",
    "create_service",
    "create_target",
    "edit_environment",
    "edit_service",
    "edit_target",
    "import_live",
    "import_yaml",
    "remove_environment",
    "remove_service",
    "remove_target",
]
