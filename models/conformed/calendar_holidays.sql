{{ config(materialized='table') }}
{{ conform('calendar_holidays', seed='default_calendar_holidays') }}
