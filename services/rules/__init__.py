"""Which values the catalog accepts. Pure: no database, no cluster; every finding is told at once, by JSON pointer."""
