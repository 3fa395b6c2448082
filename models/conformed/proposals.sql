{{ conform('proposals') }}
