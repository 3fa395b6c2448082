{{ stage('accounts') }}
