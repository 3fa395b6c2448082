{{ config(materialized='table') }}
{{ conform('pipeline_stages', seed='default_pipeline_stages') }}
