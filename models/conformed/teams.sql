{{ conform('teams') }}
