{{ stage('targets') }}
