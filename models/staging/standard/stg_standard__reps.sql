{{ stage('reps') }}
