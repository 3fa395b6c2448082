{{ conform('rep_assignment_history') }}
