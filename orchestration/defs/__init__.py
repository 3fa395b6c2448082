"""What Dagster shows: thin wrappers around the packages beside this one."""
