{{ conform('competitors') }}
