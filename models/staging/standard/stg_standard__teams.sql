{{ stage('teams') }}
