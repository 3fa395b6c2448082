{{ stage('territories') }}
