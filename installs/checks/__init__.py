"""What must be true of hosts before they become a cluster (docs/installs.md). Pure: facts in, results out."""

from installs.checks.fixes import destroys
from installs.checks.judging import judge
from installs.checks.overriding import may_be_overridden

__all__ = ["destroys", "judge", "may_be_overridden"]
