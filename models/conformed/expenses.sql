{{ conform('expenses') }}
