-- One row per account manager and month: what account management looks at, one column per KPI.
{{ dashboard('accounts') }}
