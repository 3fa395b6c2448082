{{ conform('leads') }}
