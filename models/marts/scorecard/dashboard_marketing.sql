-- One row per marketing channel and month: what marketing looks at, one column per KPI.
{{ dashboard('marketing') }}
