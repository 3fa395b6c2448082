{{ config(materialized='table') }}
{{ conform('business_calendars', seed='default_business_calendars') }}
