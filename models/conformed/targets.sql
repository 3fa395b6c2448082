{{ conform('targets') }}
