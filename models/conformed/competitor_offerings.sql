{{ conform('competitor_offerings') }}
