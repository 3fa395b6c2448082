{{ stage('proposals') }}
