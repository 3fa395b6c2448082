{{ stage('pipeline_stages') }}
