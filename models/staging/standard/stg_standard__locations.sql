{{ stage('locations') }}
