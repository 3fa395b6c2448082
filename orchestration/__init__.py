"""Everything around the dbt models: landing, connectors, schedules and publishing."""
