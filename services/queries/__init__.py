"""What may be asked about the catalog. Rows only: no query waits for a cluster."""

from services.queries.dependencies import Neighbour, dependencies_of, dependents_of
from services.queries.environments import EnvironmentRow, environment_rows
from services.queries.listing import ListedService, listed, service_list
from services.queries.owning import team_of_service
from services.queries.rows import TargetRow, row_extras, service_rows, target_rows

__all__ = [
    "EnvironmentRow",
    "ListedService",
    "Neighbour",
    "TargetRow",
    "dependencies_of",
    "dependents_of",
    "environment_rows",
    "listed",
    "row_extras",
    "service_list",
    "service_rows",
    "target_rows",
    "team_of_service",
]
