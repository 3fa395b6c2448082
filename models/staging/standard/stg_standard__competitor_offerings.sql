{{ stage('competitor_offerings') }}
