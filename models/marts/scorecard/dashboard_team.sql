-- One row per team and month: what a team leader looks at, one column per KPI.
{{ dashboard('team') }}
