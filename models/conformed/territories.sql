{{ conform('territories') }}
