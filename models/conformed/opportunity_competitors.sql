{{ conform('opportunity_competitors') }}
