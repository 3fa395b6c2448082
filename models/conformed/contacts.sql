{{ conform('contacts') }}
