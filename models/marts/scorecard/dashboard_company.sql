-- One row per month: what the company looks at, one column per KPI.
{{ dashboard('company') }}
