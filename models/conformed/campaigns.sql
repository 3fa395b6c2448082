{{ conform('campaigns') }}
