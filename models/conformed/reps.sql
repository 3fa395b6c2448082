{{ conform('reps') }}
