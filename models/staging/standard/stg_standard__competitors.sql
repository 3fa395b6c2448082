{{ stage('competitors') }}
