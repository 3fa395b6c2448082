{{ stage('marketing_touchpoints') }}
