"""Open Dagster's page, with schedules, sensors and the queue of runs. Called by make."""

from orchestration.page.server import open_page

if __name__ == "__main__":
    open_page()
