{{ conform('nps_surveys') }}
