{{ stage('onboardings') }}
