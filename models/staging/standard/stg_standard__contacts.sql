{{ stage('contacts') }}
