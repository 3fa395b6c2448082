"""Open Dagster's page for people who only look. Called by make."""

from orchestration.page.server import open_view

if __name__ == "__main__":
    open_view()
