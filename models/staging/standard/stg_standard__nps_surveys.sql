{{ stage('nps_surveys') }}
