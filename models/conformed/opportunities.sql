{{ conform('opportunities') }}
