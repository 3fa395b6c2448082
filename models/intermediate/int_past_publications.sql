-- One row per publication before this build, as the published file lists them.
{{ said_before('scorecard', 'publications', {
    'publication_number': 'integer',
    'release': dbt.type_string(),
    'as_of_date': 'date',
    'reporting_currency': dbt.type_string(),
    'reporting_time_zone': dbt.type_string(),
    'sources': dbt.type_string(),
    'last_load_id': 'bigint',
}) }}
