"""What the pipeline costs by step, beside the same work written by hand as one DuckDB script."""
