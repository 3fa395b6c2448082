{{ conform('activities') }}
