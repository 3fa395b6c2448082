{{ conform('locations') }}
