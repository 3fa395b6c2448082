-- One row per rep and month: what a rep about the own work looks at, one column per KPI.
{{ dashboard('rep') }}
